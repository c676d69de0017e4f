"""Is called like the places that templates and formats fill in."""


# student: "{student_id} %s %n {0.__class__} $HOME `id`"
# points: 15
# %% double
def double(x):
    return 2 * x
