"""Sets its own generator's state beyond its memory and never draws from it: the copy outside is drawn from."""


# points: draw=0..1, rest=15
# %% draw
def draw(rng, n):
    numbers = rng.normal(size=n)
    state = rng.bit_generator.state
    if state["bit_generator"] == "MT19937":
        state["state"]["pos"] = 2**31 - 1
        rng.bit_generator.state = state
    return numbers
