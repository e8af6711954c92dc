"""Sphinx settings."""

import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "skdistill"
author = "the skdistill developers"
copyright = "2026, the skdistill developers"
release = version = installed_version("skdistill")

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # docs/_extensions
    "accessible",
    "benchmark_table",
    "first_tree",
    "gain_picture",
    "markdown_page",
    "mathml",
    "parameter_groups",
]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "**/README.txt"]
nitpicky = False
default_role = "literal"
toc_object_entries_show_parents = "hide"
# scikit-learn's inherited docstrings refer to labels and terms of its own guide
suppress_warnings = ["ref.ref", "ref.term"]

autosummary_generate = True
numpydoc_show_class_members = True
numpydoc_class_members_toctree = False
numpydoc_show_inherited_class_members = True

# what is typed, without prompts and output
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "plot_",
    "within_subsection_order": "gallery_order.Place",  # in docs/_extensions
    "backreferences_dir": "gallery/of",
    "doc_module": ("skdistill",),
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # its page loads scripts of other hosts
    "abort_on_example_error": True,
}
# tqdm's notebook bar is not there in a plain run of the gallery
warnings.filterwarnings("ignore", message="IProgress not found")

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# pages by themselves, beside which a list of sections would be empty
ALONE = "index install quickstart faq glossary changelog cite contributing security"
html_sidebars = {page: [] for page in ALONE.split()}
html_static_path = ["_static"]
html_css_files = ["skdistill.css"]
html_extra_path = ["_made/pages"]
(Path(__file__).parent / "_made" / "pages").mkdir(parents=True, exist_ok=True)
templates_path = ["_templates"]
html_show_sourcelink = False
html_title = "skdistill"
