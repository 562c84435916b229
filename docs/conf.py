"""How `make docs` builds these pages."""

from __future__ import annotations

import ostler

project = "Ostler"
author = "The Ostler authors"
copyright = "The Ostler authors, Apache-2.0"
release = ostler.__version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"Ostler {release}"
html_copy_source = False
myst_heading_anchors = 3
