/* Simulated annealing for the travelling salesman problem: a short round trip through all cities of a file. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 200

static double distance[MOST][MOST];
static uint64_t state;

/* A uniform number in [0, 1): splitmix64, which is the same on every machine. */
static double uniform(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* Read lines of `name,latitude,longitude`; return how many, and fill in the great-circle distances in km. */
static int read_cities(const char *path) {
    double latitude[MOST], longitude[MOST];
    const double radians = acos(-1) / 180;
    int cities = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    while (cities < MOST && fscanf(file, " %*[^,],%lf,%lf", &latitude[cities], &longitude[cities]) == 2) cities++;
    fclose(file);
    for (int i = 0; i < cities; i++)
        for (int j = 0; j < cities; j++) {
            double a = pow(sin((latitude[i] - latitude[j]) * radians / 2), 2);
            double b = pow(sin((longitude[i] - longitude[j]) * radians / 2), 2);
            double h = a + cos(latitude[i] * radians) * cos(latitude[j] * radians) * b;
            distance[i][j] = 2 * 6371 * asin(sqrt(h));
        }
    return cities;
}

static double length(const int *tour, int cities) {
    double sum = 0;
    for (int i = 0; i < cities; i++) sum += distance[tour[i]][tour[(i + 1) % cities]];
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: anneal cities.csv moves temperature seed\n");
        return 2;
    }
    const int cities = read_cities(argv[1]);
    const long moves = atol(argv[2]);
    const double hottest = atof(argv[3]);
    state = strtoull(argv[4], NULL, 10);

    int tour[MOST];
    for (int i = 0; i < cities; i++) tour[i] = i;
    for (int i = cities - 1; i > 0; i--) {
        int j = (int)(uniform() * (i + 1)), other = tour[i];
        tour[i] = tour[j];
        tour[j] = other;
    }

    for (long move = 0; move < moves; move++) {
        if (move % (moves / 20) == 0) printf("move %ld length %.1f\n", move, length(tour, cities));
        double temperature = hottest * pow(0.001, (double)move / moves);
        int i = (int)(uniform() * cities), j = (int)(uniform() * cities);
        if (i > j) {
            int other = i;
            i = j;
            j = other;
        }
        if (i == j || (i == 0 && j == cities - 1)) continue;
        /* Reversing the part from i to j replaces two of the tour's edges. */
        int before = tour[(i + cities - 1) % cities], after = tour[(j + 1) % cities];
        double change = distance[before][tour[j]] + distance[tour[i]][after] - distance[before][tour[i]]
                        - distance[tour[j]][after];
        if (change > 0 && (hottest == 0 || uniform() >= exp(-change / temperature))) continue;
        for (; i < j; i++, j--) {
            int other = tour[i];
            tour[i] = tour[j];
            tour[j] = other;
        }
    }
    printf("move %ld length %.1f\n", moves, length(tour, cities));
    printf("The round trip through %d cities has %.1f km.\n", cities, length(tour, cities));
    return 0;
}
