"""Five weeks in which nothing is wrong: no question may warn. The demo."""

from maker import truth
from maker.files import Made, Scale, own_files
from maker.simulate import simulate
from maker.world import Plan


def make(scale: Scale) -> Made:
    """Daily and weekly rhythm, five features, three providers, 0.2 % background errors."""
    world = simulate(scale.plan(Plan()))
    return Made(own_files(world), truth.of(world, "nothing is wrong"))
