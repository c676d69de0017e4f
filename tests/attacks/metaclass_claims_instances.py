"""Its class says that everything is an instance of it, and that it is a subclass of everything."""


# points: counter=0..1, rest=15
# %% counter
class Meta(type):
    __instancecheck__ = __subclasscheck__ = __contains__ = __eq__ = lambda cls, other: True
    __hash__ = lambda cls: 1
    __iter__ = lambda cls: iter([1.0, 2.0])
    __call__ = lambda cls, *a: cls
    __getattr__ = lambda cls, name: 3


class Counter(metaclass=Meta):
    pass
