"""`make docs`: renew the generated blocks."""

from llmlogs import resources
from llmlogs.pack import index
from tests.docs.blocks import FILES, ROOT, renewed

for name in FILES:
    path = ROOT / name
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
index.write(resources.folder("queries"))
