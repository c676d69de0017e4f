"""Sleeps in a cell, and in an event loop of a cell."""

# points: double=0, rest=15
# %% double
import asyncio

await asyncio.sleep(10**6)
