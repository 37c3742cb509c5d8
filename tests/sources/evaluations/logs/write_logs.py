"""How the logs in this folder were written: inspect_ai 0.3.285, a model that is made up, no network.

python write_logs.py
"""

import gzip
import random
from pathlib import Path

from inspect_ai import Task, eval_async, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes, match
from inspect_ai.solver import generate

HERE = Path(__file__).parent
MODELS = {"small": 0.5, "large": 0.85}


@task
def sums(style: str = "plain") -> Task:
    numbers = random.Random(1)
    pairs = [(numbers.randrange(10, 99), numbers.randrange(10, 99)) for _ in range(6)]
    samples = [
        Sample(id=f"sum-{place}", input=f"{a} + {b} =", target=str(a + b), metadata={"passage": place // 2})
        for place, (a, b) in enumerate(pairs)
    ]
    return Task(dataset=MemoryDataset(samples, name="sums"), solver=[generate()], scorer=[match(), includes()])


def model(name: str, rate: float):
    draws = random.Random(name)

    def answer(messages, tools, tool_choice, config):
        a, _, b, _ = messages[-1].text.split()
        total = int(a) + int(b)
        text = str(total if draws.random() < rate else total + 1)
        if draws.random() < 0.2:
            text += ", or so I think"  # includes() accepts it, match() does not
        output = ModelOutput.from_content(model=name, content=text)
        output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return output

    return get_model(f"mockllm/{name}", custom_outputs=answer, memoize=False)


async def main() -> None:
    for name, rate in MODELS.items():
        for form in ("json", "eval"):
            [log] = await eval_async(
                sums(), model=model(name, rate), epochs=2, log_dir=str(HERE / "new"), log_format=form, max_samples=1
            )
            written = Path(log.location)
            if form == "json":
                (HERE / f"{name}.json.gz").write_bytes(gzip.compress(written.read_bytes(), mtime=0))
                written.unlink()
            elif name == "large":
                written.rename(HERE / f"{name}.eval")
            else:
                written.unlink()
    (HERE / "new").rmdir()


if __name__ == "__main__":
    import asyncio

    asyncio.run(main())
