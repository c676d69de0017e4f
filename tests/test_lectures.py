"""Every lecture, executed afresh, gives what is committed; and its text keeps the course's rules.

What a volatile cell (tag ``volatile``: timings) puts out is not compared, only that it puts out the same kinds of
thing. Everything else has to be equal: text exactly, pictures pixel by pixel up to a small tolerance.
"""

import base64
import copy
import io
import os
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
BANNED = re.compile(
    r"in this (section|lecture|notebook),? (we|you) will|we will now|let us now|powerful|crucial"
    r"|it is important to note|as we all know|simply put|delve|needless to say|TODO|FIXME",
    re.IGNORECASE,
)

by_name = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def execute(path, folder):
    """The notebook run in a copy of ``lectures/`` (files that it writes stay there), library taken from the tree."""
    shutil.copytree(path.parent, folder / "lectures")
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(folder / "lectures")}})
    client.execute(env=environment)
    return notebook


# --- comparing ------------------------------------------------------------------------------------------------------


def pixels(data):
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    return np.asarray(image.convert("RGB"), dtype=float)


def picture_difference(committed, fresh):
    """A sentence, or "" for pictures of one size whose pixels differ by under 8/255 but for one in a thousand."""
    a, b = pixels(committed), pixels(fresh)
    if a.shape != b.shape:
        return f"the picture is {b.shape[1]}x{b.shape[0]}, committed is {a.shape[1]}x{a.shape[0]}"
    unequal = (np.abs(a - b).max(axis=2) > 8).mean()
    return f"{unequal:.2%} of the picture's pixels differ" if unequal > 1e-3 else ""


def merged(outputs):
    """Outputs with neighbouring pieces of one stream joined: how a stream is cut depends on the moment."""
    result = []
    for output in outputs:
        if output.output_type == "stream" and result and result[-1].get("name") == output.name:
            result[-1].text += output.text
        else:
            result.append(copy.deepcopy(output))
    return result


def output_difference(committed, fresh, volatile):
    """A sentence about the first difference between two outputs, or ""."""
    kinds = [(o.output_type, sorted(o.get("data", {}))) for o in (committed, fresh)]
    if kinds[0] != kinds[1]:
        return f"kind {kinds[1]}, committed {kinds[0]}"
    if volatile:
        return ""
    if committed.output_type == "stream":
        return "" if committed.text == fresh.text else f"text\n{fresh.text}\ncommitted\n{committed.text}"
    for mime, data in committed.get("data", {}).items():
        if mime == "image/png":
            if difference := picture_difference(data, fresh.data[mime]):
                return difference
        elif mime != WIDGET and WIDGET not in committed.data and data != fresh.data[mime]:
            return f"{mime}\n{fresh.data[mime]}\ncommitted\n{data}"
    return ""


def differences(committed, fresh):
    """One sentence for each cell whose fresh outputs are not the committed ones."""
    found = []
    for old, new in zip(committed.cells, fresh.cells, strict=True):
        if old.cell_type != "code":
            continue
        a, b = merged(old.outputs), merged(new.outputs)
        volatile = "volatile" in old.metadata.get("tags", [])
        if len(a) != len(b):
            found.append(f"{old.id}: {len(b)} outputs, committed {len(a)}")
            continue
        for one, other in zip(a, b, strict=True):
            if difference := output_difference(one, other, volatile):
                found.append(f"{old.id}: {difference}")
    return found


# --- every lecture --------------------------------------------------------------------------------------------------


def test_there_are_lectures():
    assert LECTURES


@by_name
def test_fresh_outputs_are_the_committed_ones(path, tmp_path):
    fresh = execute(path, tmp_path)
    assert not differences(read(path), fresh)


@by_name
def test_committed_outputs_are_clean(path):
    """Run top to bottom, no errors, nothing on stderr, pictures of a modest size, no path of this machine."""
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", (cell.id, output.get("text"))
            for mime, data in output.get("data", {}).items():
                if mime == "image/png":
                    height, width = pixels(data).shape[:2]
                    assert 100 <= width <= 1000 and height <= 1000, (cell.id, width, height)
    assert notebook.metadata.kernelspec.name == "python3"
    assert path.stat().st_size < 2_500_000
    assert str(ROOT) not in path.read_text()


@by_name
def test_cells_are_short(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 20, f"{cell.id} has {len(lines)} lines: move some of it to convnets/"
            assert max(map(len, lines)) <= 112, f"{cell.id} has a line of {max(map(len, lines))} characters"
    lengths = [len([x for x in c.source.splitlines() if x.strip()]) for c in read(path).cells if c.cell_type == "code"]
    assert sum(length > 15 for length in lengths) <= 2, "more than two cells have over 15 lines"


@by_name
def test_prose_keeps_the_style(path):
    markdown = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    text = "\n".join(markdown)
    words = len(text.split())
    assert 1500 <= words <= 3000, f"{words} words"
    assert not BANNED.findall(text)
    assert 8 <= len(re.findall(r"^## \d+ ·", text, re.MULTILINE)) <= 14
    for part in ("**After this you can**", "**Predict:**", "## What to remember", "## Check yourself", "## References"):
        assert part in text, f"{part} is missing"
    assert markdown[0].startswith(f"# {path.stem[:2]} · ")


@by_name
def test_ids_are_words_and_tags_known(path):
    for cell in read(path).cells:
        assert re.fullmatch(r"[a-z][a-z0-9-]+", cell.id), cell.id
        assert set(cell.metadata.get("tags", [])) <= {"volatile"}, cell.id


@by_name
def test_every_figure_has_alt_text(path):
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}) and WIDGET not in output.data:
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt.split()) >= 5, f"{cell.id}: end the cell with show(fig, alt)"
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source, cell.id


@by_name
def test_links_inside_the_repository_resolve(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", link):
            assert (path.parent / link.split("#")[0]).exists(), f"{link} leads nowhere"


# --- the comparison itself can fail ---------------------------------------------------------------------------------


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def sample():
    picture = np.full((40, 60, 3), 255, dtype=np.uint8)
    picture[10:30, 20:40] = (0, 114, 178)
    v4 = nbformat.v4
    outputs = [
        v4.new_output("stream", text="12 cases\n"),
        v4.new_output("display_data", {"image/png": png(picture), "text/plain": "<Figure>"}),
        v4.new_output("execute_result", {WIDGET: {"model_id": "a1"}, "text/plain": "Stepper(a1)"}, execution_count=1),
    ]
    return v4.new_notebook(cells=[v4.new_code_cell("1", id="one", outputs=outputs)])


def test_equal_notebooks_agree(sample):
    assert differences(sample, copy.deepcopy(sample)) == []


def test_a_changed_text_is_seen(sample):
    tampered = copy.deepcopy(sample)
    tampered.cells[0].outputs[0].text = "13 cases\n"
    assert "13 cases" in differences(sample, tampered)[0]


@pytest.mark.parametrize("change", ["moved", "recoloured", "larger"])
def test_a_changed_picture_is_seen(sample, change):
    tampered = copy.deepcopy(sample)
    picture = pixels(sample.cells[0].outputs[1].data["image/png"]).astype(np.uint8)
    if change == "moved":
        picture = np.roll(picture, 1, axis=1)
    elif change == "recoloured":
        picture[12:15, 22:25] = 0
    else:
        picture = np.pad(picture, ((0, 1), (0, 0), (0, 0)))
    tampered.cells[0].outputs[1].data["image/png"] = png(picture)
    assert "picture" in differences(sample, tampered)[0]


def test_a_rounding_in_a_picture_is_not(sample):
    fresh = copy.deepcopy(sample)
    picture = pixels(sample.cells[0].outputs[1].data["image/png"])
    fresh.cells[0].outputs[1].data["image/png"] = png(np.clip(picture + 2, 0, 255).astype(np.uint8))
    assert differences(sample, fresh) == []


def test_widget_ids_do_not_matter_but_a_missing_widget_does(sample):
    fresh = copy.deepcopy(sample)
    fresh.cells[0].outputs[2].data = {WIDGET: {"model_id": "b2"}, "text/plain": "Stepper(b2)"}
    assert differences(sample, fresh) == []
    del fresh.cells[0].outputs[2].data[WIDGET]
    assert differences(sample, fresh)
    del fresh.cells[0].outputs[2]
    assert "2 outputs, committed 3" in differences(sample, fresh)[0]


def test_volatile_cells_may_differ_in_values_only(sample):
    sample.cells[0].metadata["tags"] = ["volatile"]
    fresh = copy.deepcopy(sample)
    fresh.cells[0].outputs[0].text = "99 ms\n"
    assert differences(sample, fresh) == []
    fresh.cells[0].outputs[1] = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    assert differences(sample, fresh)


def test_how_a_stream_is_cut_does_not_matter(sample):
    fresh = copy.deepcopy(sample)
    first = fresh.cells[0].outputs[0]
    first.text = "12 "
    fresh.cells[0].outputs.insert(1, nbformat.v4.new_output("stream", text="cases\n"))
    assert differences(sample, fresh) == []
