"""The explorers in a real browser inside a real JupyterLab: right numbers, mouse, keyboard, themes, no kernel.

Pictures of all of it go to build/screenshots/ to be looked at.
"""

import json
import re
import shutil

import nbclient
import nbformat
import numpy as np
import pytest
import torch
from lab import ROOT, Lab

from convnets.arithmetic import Pool, receptive_field
from convnets.explorers import ConvolutionStepper, ReceptiveFieldExplorer
from convnets.explorers.kit import stable_ids

pytestmark = pytest.mark.xdist_group("browser")  # one Lab for the whole file

MENTIONS = re.compile(r"ConvolutionStepper|ReceptiveFieldExplorer|convnets\.explorers")
LECTURES = [path for path in sorted((ROOT / "lectures").glob("*.ipynb")) if MENTIONS.search(path.read_text())]
CELLS = (
    "from convnets.explorers import *\nstepper = ConvolutionStepper()\nstepper",
    "ReceptiveFieldExplorer()",
    "ConvolutionStepper(in_channels=4, out_channels=4, groups=2, size=6, stride=1)",
    "ConvolutionStepper(groups=3)",
    "print(stepper.stride, stepper.x[0, 0, :3].tolist(), stepper.w[0, 0, 0].tolist())",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A Lab over a folder with one executed notebook, twice (trusted and not), and copies of the lectures."""
    folder = tmp_path_factory.mktemp("course")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS], metadata={"kernelspec": kernel}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": folder}}).execute()
    notebook = stable_ids(notebook)
    nbformat.write(notebook, folder / "trusted.ipynb")
    notebook.cells[-1].source += "  # other content: a signature is for what a notebook holds, not for its name"
    nbformat.write(notebook, folder / "untrusted.ipynb")
    shutil.copytree(ROOT / "lectures", folder / "lectures")
    with Lab(folder) as lab:
        lab.trust("trusted.ipynb")
        yield lab


@pytest.fixture(scope="module")
def page(lab):
    """The trusted notebook as a reader finds it (nothing run), then with all cells run."""
    with lab.page(1200, 1100) as page:
        page.open("trusted.ipynb")
        page.page.wait_for_selector("section.cx svg")
        page.saved = drive(page.explorers().first, stride=1)
        page.run_all()
        page.page.wait_for_selector("section.cx svg [data-grid]")
        yield page
        assert page.complaints == []


@pytest.fixture
def stepper(page):
    """The first explorer, reset and in sight."""
    return fresh(page, 0)


@pytest.fixture
def field(page):
    return fresh(page, 1)


def fresh(page, number):
    page.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({number})")  # else it is not drawn
    cell = page.page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')
    explorer = cell.locator("section.cx")
    explorer.scroll_into_view_if_needed()
    page.page.mouse.move(0, 0)  # else it points at whatever comes to lie under it
    explorer.locator('[data-do="reset"]').evaluate("button => button.click()")
    return explorer


#: Sets sliders as a hand would and reads the result, for a list of settings.
DRIVE = """async (root, many) => {
  const results = [];
  for (const settings of many) {
    for (const [name, value] of Object.entries(settings)) {
      const input = root.querySelector(`[data-setting="${name}"]`);
      input.value = value;
      input.dispatchEvent(new Event('input'));
    }
    await null; await null;
    const wrong = root.querySelector('.cx-wrong');
    const svg = root.querySelector('svg');
    results.push(wrong ? {wrong: wrong.textContent} : {
      shape: svg.dataset.outShape.split(',').map(Number), lost: Number(svg.dataset.lost),
      out: [...svg.querySelectorAll('[data-grid="out"] [data-value]')].map((cell) => Number(cell.dataset.value)),
      formula: Number(root.querySelector('[data-size]').dataset.size)});
  }
  return results;
}"""


def drive(explorer, **settings):
    return explorer.evaluate(DRIVE, [settings])[0]


def torch_says(model, settings):
    """The output (F, H', W') and how many input pixels get no gradient at all, from torch."""
    for name, value in settings.items():
        setattr(model, name, value)
    x = torch.tensor(model.x[None], requires_grad=True)
    places = {name: settings[name] for name in ("stride", "padding", "dilation", "groups")}
    out = torch.nn.functional.conv2d(x, torch.tensor(model.w), **places)
    touch = torch.nn.functional.conv2d(x, torch.ones(model.w.shape), **places).sum()
    touch.backward()
    return out[0].detach().numpy(), int((x.grad[0, 0] == 0).sum())


# --- the convolution stepper --------------------------------------------------------------------------------------


def test_saved_explorer_works_before_any_cell_ran(page):
    expected, lost = torch_says(ConvolutionStepper(), dict(stride=1, padding=0, dilation=1, groups=1))
    assert page.saved["out"] == expected.ravel().tolist() and page.saved["lost"] == lost == 0


@pytest.mark.parametrize("channels, number", [(2, 0), (4, 2)])
def test_numbers_are_those_of_torch(page, channels, number):
    rng, right, wrong = np.random.default_rng(channels), 0, 0
    model = ConvolutionStepper(in_channels=channels, out_channels=channels)
    ranges = dict(size=(1, 13), kernel_size=(1, 6), stride=(1, 5), padding=(0, 4), dilation=(1, 4), groups=(1, 5))
    many = [{name: int(rng.integers(*limits)) for name, limits in ranges.items()} for _ in range(60)]
    for settings, page_says in zip(many, fresh(page, number).evaluate(DRIVE, many), strict=True):
        try:
            expected, lost = torch_says(model, settings)
        except (RuntimeError, ValueError):
            assert "wrong" in page_says, settings
            wrong += 1
            continue
        assert "wrong" not in page_says, (settings, page_says)
        assert page_says["shape"] == list(expected.shape) and page_says["formula"] == expected.shape[-1], settings
        assert page_says["out"] == expected.ravel().tolist(), settings
        assert page_says["lost"] == lost, settings
        right += 1
    assert right > 20 and wrong > 5


def test_impossible_settings_are_said_in_words(stepper):
    too_large = drive(stepper, size=4, kernel_size=5)["wrong"]
    assert "There is no output" in too_large and "5 pixels wide" in too_large and "only 4" in too_large
    assert "can not be shared out evenly among 3 groups" in drive(stepper, size=8, groups=3)["wrong"]
    stepper.locator('[data-do="step"]').click()  # nothing to step through, nothing breaks
    assert drive(stepper, groups=2, kernel_size=3)["shape"] == [2, 3, 3]


def test_it_starts_with_a_column_that_is_never_looked_at(stepper, page):
    assert "15 of 64 input pixels are never looked at: row and column 7" in stepper.inner_text()
    assert stepper.locator('[data-lost="true"]').count() == 2 * 15
    page.screenshot("stepper_light", stepper)


def test_hovering_writes_out_the_sum(stepper, page):
    model = ConvolutionStepper()
    expected, _ = torch_says(model, dict(stride=2, padding=0, dilation=1, groups=1))
    for f, i, j in [(0, 0, 0), (1, 2, 1), (0, 1, 2)]:
        stepper.locator(f'[data-grid="out"] [data-at="{f},{i},{j}"]').hover()
        assert float(stepper.locator("[data-total]").get_attribute("data-total")) == expected[f, i, j]
        for channel in range(2):
            text = stepper.locator(f'table[data-sum="{channel}"] tbody').inner_text().replace("−", "-")
            products = [eval(term.replace("·", "*")) for term in re.findall(r"\d+·(?:\d+|\(-\d+\))", text)]
            window = model.x[channel, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * model.w[f, channel]
            assert products == window.ravel().tolist()
            assert int(text.split("=")[1]) == window.sum()
    page.screenshot("stepper_hover", stepper)


def test_the_window_marks_the_pixels_under_the_filter(stepper):
    drive(stepper, dilation=2, padding=1, stride=1)
    stepper.locator('[data-grid="out"] [data-at="0,1,2"]').hover()
    corner = stepper.locator('[data-grid="x"] [data-at="0,0,1"] rect').first.bounding_box()
    marks = [box.bounding_box() for box in stepper.locator(".tap").all()]
    assert sum(abs(box["x"] - corner["x"]) < 2 and abs(box["y"] - corner["y"]) < 2 for box in marks) == 1
    assert len(marks) == 2 * (9 + 1) + 1  # nine taps and the filter's outline in each channel, one output pixel


def test_a_slider_answers_within_a_frame(stepper, page):
    times = stepper.evaluate("""async (root) => {
      const input = root.querySelector('[data-setting="size"]'), times = {};
      for (let round = 0; round < 4; round++) for (let size = 3; size <= 12; size++) {
        const start = performance.now();
        input.value = size;
        input.dispatchEvent(new Event('input'));
        await null; await null;
        if (!root.querySelector(`[data-grid="x"] [data-at="0,${size - 1},${size - 1}"]`)) throw Error('not drawn');
        root.getBoundingClientRect();  // make the browser lay it out
        times[size] = Math.min(times[size] ?? Infinity, performance.now() - start);
      }
      return times; }""")
    print("ms from slider to new picture, by size:", {size: round(ms, 1) for size, ms in times.items()})
    assert len(times) == 10  # each was drawn before anything else could happen: no frame, no kernel was waited for


def test_keyboard_alone_is_enough(stepper, page):
    cells = page.page.locator(".jp-Cell").count()
    keys, total = page.page.keyboard, stepper.locator("[data-total]")
    stepper.locator('[data-setting="stride"]').focus()
    keys.press("ArrowLeft")
    assert stepper.locator("svg").get_attribute("data-out-shape") == "2,6,6"
    stepper.locator('[data-grid="out"]').focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        keys.press(key)
    assert stepper.locator(".cx-total").inner_text().startswith("out[0, 1, 2]")
    assert "output 0, 1, 2 is" in stepper.locator("[aria-live]").inner_text()
    for _ in range(5):
        keys.press("ArrowDown")  # past the last row: the next filter's first
    assert stepper.locator(".cx-total").inner_text().startswith("out[1, 0, 2]")
    active = stepper.locator('[data-grid="out"]').get_attribute("aria-activedescendant")
    assert stepper.locator(f"#{active}").get_attribute("aria-label").startswith("output 1, 0, 2")
    assert stepper.locator(".cursor:visible").count() == 0  # that mark belongs to the grids that can be edited
    page.screenshot("stepper_focus", stepper)
    keys.press(" ")
    page.page.wait_for_timeout(900)
    assert stepper.locator('[data-do="play"]').inner_text().endswith("Pause")
    keys.press(" ")
    assert stepper.locator(".cx-total").inner_text().startswith("out[1, 0, 3]")
    stepper.locator('[data-grid="x"]').focus()
    keys.press("9")
    assert stepper.locator('[data-grid="x"] [data-at="0,0,0"]').get_attribute("data-value") == "9"
    assert page.page.evaluate("document.activeElement.dataset.grid") == "x"  # the drawing is new, the focus is kept
    for key in ("d", "d", "a", "b", "x", "m"):  # Lab's own keys, which delete, add and convert cells
        keys.press(key)
    assert page.page.locator(".jp-Cell").count() == cells and total.count() == 1


def test_clicks_edit_and_python_hears_of_it(stepper, page):
    drive(stepper, stride=3)
    stepper.locator('[data-grid="x"] [data-at="0,0,1"]').click()
    stepper.locator('[data-grid="w"] [data-at="0,0,2"]').click(modifiers=["Shift"])
    x = stepper.locator('[data-grid="x"] [data-at="0,0,1"]').get_attribute("data-value")
    assert x == "2"

    def python_says():  # the page sends one change after the other, each when the one before has arrived
        page.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 4")
        page.command("notebook:run-cell")
        page.wait_idle()
        return page.page.locator('.jp-Cell[data-windowed-list-index="4"] .jp-OutputArea-output').inner_text().strip()

    page.until(lambda: python_says() == "3 [0.0, 2.0, 1.0] [-1.0, 0.0, 0.0]", "Python heard of all three changes", 20)
    fresh(page, 0)
    assert stepper.locator('[data-grid="x"] [data-at="0,0,1"]').get_attribute("data-value") == "1"


# --- the receptive-field explorer ---------------------------------------------------------------------------------

#: Builds a stack through the page's own table, then reads the table and the paths drawn at the input.
STACK = """async (root, layers) => {
  const rows = () => [...root.querySelectorAll('tbody tr')];
  while (rows().length > layers.length) { rows()[0].querySelector('button').click(); await null; await null; }
  while (rows().length < layers.length) { root.querySelector('[data-do="add"]').click(); await null; await null; }
  for (const [i, layer] of layers.entries()) for (const [key, value] of Object.entries(layer)) {
    const input = rows()[i].querySelector(`[data-key="${key}"]`);
    input.value = value;
    input.dispatchEvent(new Event('change'));
    await null; await null;
  }
  const svg = root.querySelector('svg');
  return {numbers: rows().map(({dataset}) => [dataset.r, dataset.jump, dataset.start].map(Number)),
    wrong: root.querySelector('.cx-wrong')?.textContent ?? '',
    unit: svg && Number(svg.querySelector('.chosen').dataset.unit),
    units: svg && [...svg.querySelectorAll('[data-level]')].map((row) => row.children.length),
    paths: svg && [...svg.querySelectorAll('[data-level="0"] rect')].map((rect) => Number(rect.dataset.paths))};
}"""


def check_stack(says, layers):
    """Against convnets.arithmetic, and against gradients of torch's convolutions with all weights 1."""
    pools = [Pool(layer["kernel_size"], layer["stride"], layer["padding"], layer["dilation"]) for layer in layers]
    assert says["numbers"] == [list(receptive_field(pools[: i + 1])) for i in range(len(pools))], layers
    if says["wrong"]:
        return False
    x = torch.ones(1, 1, says["units"][0], dtype=torch.float64, requires_grad=True)
    out, one = x, torch.ones(1, 1, 1, dtype=torch.float64)
    for layer, units in zip(layers, says["units"][1:], strict=True):
        places = {key: layer[key] for key in ("stride", "padding", "dilation")}
        out = torch.nn.functional.conv1d(out, one.expand(1, 1, layer["kernel_size"]), **places)
        assert out.shape[-1] == units, layers
    out[0, 0, says["unit"]].backward()
    assert says["paths"] == x.grad[0, 0].tolist(), layers
    return True


def test_receptive_fields_are_those_of_torch(field):
    rng, drawn = np.random.default_rng(0), 0
    for _ in range(25):
        layers = [
            {
                "kernel_size": int(rng.integers(1, 6)),
                "stride": int(rng.choice([1, 1, 2, 3])),
                "padding": int(rng.integers(0, 3)),
                "dilation": int(rng.integers(1, 4)),
            }
            for _ in range(rng.integers(1, 6))
        ]
        drawn += check_stack(field.evaluate(STACK, layers), layers)
    assert drawn > 12
    huge = [{"kernel_size": 11, "stride": 4, "padding": 0, "dilation": 2}] * 4
    says = field.evaluate(STACK, huge)
    assert check_stack(says, huge) is False and "too many to draw" in says["wrong"]


def test_presets(field, page):
    for name, layers in ReceptiveFieldExplorer().presets.items():
        field.locator("select").select_option(name)
        says = field.evaluate(STACK, [{key: layer[key] for key in layer if key != "kind"} for layer in layers])
        assert check_stack(says, layers), name
        page.screenshot(f"field_{re.sub('[^a-z0-9]+', '_', name.lower())}", field)
    assert "r = 99 pixels" in field.inner_text()


def test_three_3x3_make_a_7(field):
    assert "One unit of layer 3 sees r = 7 pixels" in field.inner_text()
    assert field.locator("canvas").get_attribute("data-side") == "7"
    paths = [int(rect.get_attribute("data-paths")) for rect in field.locator('[data-level="0"] rect').all()]
    assert [count for count in paths if count] == [1, 3, 6, 7, 6, 3, 1]


def test_pointing_at_a_unit_moves_the_field(field, page):
    field.locator('[data-level="3"] [data-unit="0"]').hover()
    assert field.locator("svg").get_attribute("data-field") == "0,7"
    field.locator('[data-level="2"] [data-unit="4"]').hover()
    assert field.locator("svg").get_attribute("data-field") == "4,5"
    field.locator("svg").focus()
    page.page.keyboard.press("ArrowLeft")
    assert field.locator("svg").get_attribute("data-field") == "3,5"
    page.page.keyboard.press("ArrowDown")
    assert field.locator("svg").get_attribute("data-field") == "4,3"
    assert "layer 1, unit 4" in field.locator("[aria-live]").inner_text()


# --- how it looks ---------------------------------------------------------------------------------------------------

#: The worst contrast of any text with what lies behind it (WCAG 2's ratio), and that text.
CONTRAST = """(root) => {
  const rgb = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number).slice(0, 3);
    return text.startsWith('color') ? numbers : numbers.map((value) => value / 255);
  };
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => sum + part * linear(colour[i]), 0.05);
  const ratio = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
  const paper = rgb(getComputedStyle(root).backgroundColor);
  const seen = [];
  for (const text of root.querySelectorAll('svg text, p, span, b, td, th, caption, button')) {
    if (!text.textContent.trim() || text.closest('.idle') || text.closest(':disabled')) continue;
    const style = getComputedStyle(text), cell = text.closest('.cell');
    const ground = cell ? rgb(getComputedStyle(cell.querySelector('rect')).fill) : paper;
    const ink = rgb(text instanceof SVGElement ? style.fill : style.color);
    seen.push([ratio(ink, ground), text.textContent.slice(0, 40)]);
  }
  return seen.sort((a, b) => a[0] - b[0])[0];
}"""


@pytest.mark.parametrize("width", [1200, 700])
def test_light_and_readable(page, width):
    page.narrow(width, 1100)
    try:
        look(page, f"light_{width}")
    finally:
        page.narrow(1200, 1100)


def look(page, name):
    for number, explorer_name in ((0, "stepper"), (2, "stepper_groups"), (3, "stepper_impossible"), (1, "field")):
        explorer = fresh(page, number)
        page.screenshot(f"{explorer_name}_{name}", explorer)
        ratio, text = explorer.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.1f} only"
        assert explorer.evaluate("root => root.scrollWidth <= root.clientWidth"), "something sticks out"


def test_pictures_before_trust_then_dark_and_readable(lab):
    lab.theme("dark")
    try:
        with lab.page(1200, 1100) as page:
            page.open("untrusted.ipynb", kernel=False)
            pictures = page.page.locator(".jp-OutputArea-output img")
            pictures.first.wait_for()
            assert page.explorers().count() == 0
            assert pictures.first.evaluate("image => image.naturalWidth") > 400
            page.screenshot("untrusted_without_kernel")
            page.open("untrusted.ipynb")
            page.run_all()
            page.page.wait_for_selector("section.cx svg [data-grid]")
            look(page, "dark_1200")
            page.narrow(700, 1100)
            look(page, "dark_700")
    finally:
        lab.theme("light")


# --- the lectures that use them -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_explorers_of_a_lecture(lab, path):
    """Each cell with an explorer, run in the lecture itself, shows one that draws; the whole lecture runs elsewhere."""
    sources = [cell.source if cell.cell_type == "code" else "" for cell in nbformat.read(path, 4).cells]
    with lab.page(1100, 1000) as page:
        page.open(f"lectures/{path.name}")
        for number, source in enumerate(sources):
            if not MENTIONS.search(source):
                continue
            page.run_cell(number)
            cell = page.page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')
            assert cell.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0, cell.inner_text()
            if re.search(r"^(ConvolutionStepper|ReceptiveFieldExplorer)\(", source, re.M):
                explorer = cell.locator("section.cx")
                explorer.locator("svg").wait_for()
                page.screenshot(f"{path.stem}_cell_{number}", explorer)
        assert page.explorers().count() > 0
        assert page.complaints == []


# --- the Python side, no browser needed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: ConvolutionStepper(stride=9), "stride is 9; it must be a whole number from 1 to 4"),
        (lambda: ConvolutionStepper(in_channels=5), "in_channels is 5"),
        (lambda: ConvolutionStepper(x=np.ones((3, 4))), "x has shape .*last two axes must be equal"),
        (lambda: ConvolutionStepper(x=[[0.5]]), "x holds fractions"),
        (lambda: ConvolutionStepper(in_channels=2, w=np.ones((2, 3, 3, 3), int), x=np.ones((2, 4, 4))), "w has shape"),
        (lambda: ConvolutionStepper(groups=3).w, "3 groups can not share out 2 input channels"),
        (lambda: ReceptiveFieldExplorer("four 3x3"), "no preset 'four 3x3'; give layers, or one of"),
        (lambda: ReceptiveFieldExplorer([]), "number of layers is 0"),
        (lambda: ReceptiveFieldExplorer([3, (3, 9)]), "stride of layer 2 is 9"),
        (lambda: ReceptiveFieldExplorer([{"kernel": 3}]), "a layer has no 'kernel'"),
    ],
)
def test_errors_are_sentences(make, says):
    with pytest.raises(Exception, match=says):
        make()


def test_own_pictures_and_filters():
    x, w = np.arange(32).reshape(2, 4, 4), np.arange(8).reshape(2, 1, 2, 2)
    explorer = ConvolutionStepper(x=x, w=w, groups=2)
    assert np.array_equal(explorer.x, x) and np.array_equal(explorer.w, w)
    assert (explorer.size, explorer.kernel_size, explorer.limits["size"]) == (4, 2, [1, 4])


@pytest.mark.parametrize(
    "settings", [{}, {"dilation": 2, "padding": 3}, {"groups": 3}, {"size": 2}, {"in_channels": 1}]
)
def test_every_start_state_has_a_picture(settings):
    data, metadata = ConvolutionStepper(**settings)._repr_mimebundle_()
    assert len(data["image/png"]) < 60_000 and "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["alt"]


def test_stable_ids_depend_on_the_order_alone():
    def notebook(ids):
        view = {"application/vnd.jupyter.widget-view+json": {"model_id": ids[0]}}
        cell = nbformat.v4.new_code_cell("x", id="a", outputs=[nbformat.v4.new_output("display_data", view)])
        states = {ids[0]: {"layout": f"IPY_MODEL_{ids[1]}"}, ids[1]: {}, ids[2]: {"never": "shown"}}
        widgets = {"application/vnd.jupyter.widget-state+json": {"state": dict(sorted(states.items()))}}
        return nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": widgets})

    a, b, c = (letter * 32 for letter in "abc")
    texts = {json.dumps(stable_ids(notebook(ids)), sort_keys=True) for ids in ((a, b, c), (c, a, b), (b, c, a))}
    assert len(texts) == 1 and a not in texts.pop()
