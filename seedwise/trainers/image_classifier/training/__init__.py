"""Training of one run: seeding, model, augmentation, loop, checkpoint. The only part that imports torch."""
