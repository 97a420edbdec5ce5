"""Draws landscape.jpg, the picture of the demo: hills under an evening sky, and a lake.

Run it with Pillow and numpy: python3 landscape.py. The picture is ours; no one else's rights are in it.
"""

from pathlib import Path

import numpy
from PIL import Image

WIDTH, HEIGHT = 1600, 1067
SHORE = 760

random = numpy.random.default_rng(4566)


def ridge(base, rough, waves):
    """Heights of one line of hills: sines of falling size."""
    x = numpy.linspace(0, 1, WIDTH)
    line = numpy.full(WIDTH, float(base))
    for step in range(waves):
        line += rough / 1.7**step * numpy.sin(2 * numpy.pi * (1.9**step * x + random.random()))
    return line


def draw():
    y = numpy.linspace(0, 1, HEIGHT)[:, None]
    sky_top, sky_low = numpy.array([38, 54, 110]), numpy.array([252, 180, 120])
    image = sky_top + (sky_low - sky_top) * numpy.clip(y * 1.5, 0, 1)[..., None]
    image = numpy.repeat(image, WIDTH, axis=1)
    rows, columns = numpy.mgrid[:HEIGHT, :WIDTH]
    sun = numpy.exp(-(((columns - 1080) ** 2 + (rows - 520) ** 2) / 26000.0))
    image += sun[..., None] * numpy.array([90, 70, 30])
    image[((columns - 1080) ** 2 + (rows - 520) ** 2) < 46**2] = [255, 236, 190]
    hills = [(560, 60, [132, 104, 128]), (640, 48, [92, 76, 104]), (700, 36, [54, 56, 74]), (752, 22, [28, 36, 42])]
    for base, rough, colour in hills:
        below = rows >= ridge(base, rough, 9)[None, :]
        grain = random.normal(0, 5, (HEIGHT, WIDTH))[..., None]
        image = numpy.where(below[..., None], numpy.array(colour) + grain, image)
    mirror = image[SHORE - 1 : 2 * SHORE - HEIGHT - 1 : -1]
    ripple = (6 * numpy.sin(numpy.arange(HEIGHT - SHORE) ** 1.3 / 9)).astype(int)
    for line in range(HEIGHT - SHORE):
        image[SHORE + line] = numpy.roll(mirror[line], ripple[line], axis=0) * 0.72 + numpy.array([4, 10, 20])
    image += random.normal(0, 3.5, image.shape)
    return Image.fromarray(numpy.clip(image, 0, 255).astype("uint8"))


draw().save(Path(__file__).with_name("landscape.jpg"), quality=82, optimize=True)
