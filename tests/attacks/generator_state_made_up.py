"""Sets the state of the generator it was handed to one that always gives the same number."""


# points: draw=0..1, rest=15
# %% draw
def draw(rng, n):
    numbers = rng.normal(size=n)
    state = rng.bit_generator.state
    if state["bit_generator"] == "MT19937":
        state["state"]["key"] = np.zeros(624, np.uint32)
    rng.bit_generator.state = state
    return numbers
