"""Docs cannot rot: generated blocks are current, and what is documented exists."""

import re

import pytest

from tests.docs.blocks import BLOCK, BLOCKS, FILES, ROOT, renewed


@pytest.mark.parametrize("name", FILES)
def test_generated_blocks_are_current(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make docs`"


def test_every_block_is_used() -> None:
    used = {found[2] for name in FILES for found in BLOCK.finditer((ROOT / name).read_text(encoding="utf-8"))}
    assert used == set(BLOCKS)


def test_links_to_files_of_the_project_lead_somewhere() -> None:
    for name in FILES:
        folder = (ROOT / name).parent
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8")):
            assert (folder / target).exists(), f"{name} links to {target}"
