"""What one run does: seeding, model, augmentation, loop, checkpoint. The only part that imports torch."""
