"""Makes the files in convnets/data/files again from their published sources: ``python -m convnets.data.rebuild``."""
