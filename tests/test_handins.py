"""Hand-ins in every state that a learning platform, a browser or a student leaves them in."""

import contextlib
import io
import os
import stat
import zipfile
from pathlib import Path

import nbformat
import pytest
import toy_course as toy

from autograder.classroom import handins
from autograder.classroom.handins import hand_in_folder, hand_ins, read_hand_in, student_id, without_hand_in
from autograder.exam.notebook import MAX_BYTES
from autograder.proof.answers import hand_in
from autograder.release import student_version

SOURCE = toy.source()
DONE = hand_in(SOURCE)
BLANK = nbformat.writes(student_version(SOURCE)).encode()
OTHER = DONE.replace(b"x + x", b"2 * x")
NAME = f"{toy.NAME}.ipynb"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "submitted" / "ada" / toy.NAME
    folder.mkdir(parents=True)
    return folder


def put(folder, **files):
    for name, data in files.items():
        (folder / name).write_bytes(data)


def packed(files, kind=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_the_expected_notebook_alone_says_nothing(folder):
    put(folder, **{NAME: DONE, "notes.txt": b"x", ".hidden.ipynb": OTHER})
    found = read_hand_in(folder, SOURCE)
    assert (found.data, found.problems, found.look, found.name) == (DONE, [], [], f"{toy.NAME}/{NAME}")


SECOND = "a0_toy (1).ipynb"


@pytest.mark.parametrize(
    ("files", "graded", "says", "looks"),
    [
        ({NAME: BLANK, SECOND: DONE}, DONE, "that one was graded", True),
        ({NAME: b"{cut", SECOND: DONE}, DONE, "that one was graded", True),
        ({NAME: DONE, SECOND: OTHER}, DONE, f"with work in it: {NAME} was graded", True),
        ({NAME: BLANK, SECOND: DONE, "b.ipynb": OTHER}, BLANK, "nothing is written in it", True),
        ({NAME: DONE, SECOND: DONE}, DONE, "", False),
        ({NAME: DONE, SECOND: BLANK}, DONE, "", False),
        ({NAME: BLANK, SECOND: b"{"}, BLANK, "", False),
        ({"my.ipynb": DONE}, DONE, f"my.ipynb was read as {NAME}", False),
        ({"a.ipynb": BLANK, "b.ipynb": DONE}, DONE, f"b.ipynb was read as {NAME}", True),
        ({"a.ipynb": DONE, "b.ipynb": OTHER}, None, "there are a.ipynb, b.ipynb", True),
        ({f"{NAME}.json": DONE}, DONE, f"{NAME}.json was read as", False),
        ({f"{NAME}.txt": DONE}, DONE, f"{NAME}.txt was read as", False),
        ({"a0_toy.json": DONE, "settings.json": b"{}"}, DONE, "a0_toy.json was read as", False),
        ({NAME: BLANK, f"{NAME}.json": DONE}, DONE, "that one was graded", True),
        ({"report.pdf": b"%PDF"}, None, "there is only report.pdf", True),
        ({}, None, "there is no notebook", False),
        ({"a0_toy.zip": packed({NAME: DONE})}, DONE, "a0_toy.zip was unpacked", False),
        ({"all.zip": packed({f"work/{NAME}": DONE, "__MACOSX/._x.ipynb": b"x"})}, DONE, "all.zip was unpacked", False),
        ({"all.zip": packed({"../../../etc/my.ipynb": DONE})}, DONE, "my.ipynb was read as", False),
        ({"all.zip": packed({NAME: BLANK, SECOND: DONE})}, DONE, "that one was graded", True),
        ({"all.zip": packed({"inner.zip": packed({NAME: DONE})})}, None, "there is only inner.zip", True),
        ({"a.zip": packed({NAME: DONE}), "b.zip": packed({NAME: DONE})}, None, "there are a.zip, b.zip", True),
        ({"all.zip": b"PK no zip"}, None, "all.zip cannot be read: it is no zip", True),
        ({"all.zip": packed({NAME: DONE}, zipfile.ZIP_LZMA)}, None, "unusual way", True),
    ],
)
def test_which_notebook_counts(folder, files, graded, says, looks):
    put(folder, **files)
    found = read_hand_in(folder, SOURCE)
    assert found.data == graded, (found.problems, found.look)
    assert says in " ".join(found.problems) and bool(found.problems) == bool(says) and bool(found.look) == looks


def test_too_many_notebooks_to_look_into_are_never_a_silent_zero(folder):
    """The finished one may be any of them: a person is asked."""
    put(folder, **{NAME: BLANK, **{f"copy {number:02}.ipynb": BLANK for number in range(9)}, "z.ipynb": DONE})
    found = read_hand_in(folder, SOURCE)
    assert found.data == BLANK
    assert found.look == [f"10 other notebooks lie beside {NAME}: only 6 were looked into"]


def test_the_graders_own_process_reads_no_notebook_without_need_and_no_large_one(folder, monkeypatch):
    def read(source, data):
        assert len(data) <= handins.MAX_PEEK
        return data == DONE

    monkeypatch.setattr(handins, "has_work", read)
    large = b" " * (handins.MAX_PEEK + 1)
    put(folder, **{NAME: BLANK, "large.ipynb": large})
    assert read_hand_in(folder, SOURCE).data == large and "that one was graded" in read_hand_in(folder, SOURCE).look[0]
    monkeypatch.setattr(handins, "has_work", lambda *_: 1 / 0)
    (folder / "large.ipynb").unlink()
    assert read_hand_in(folder, SOURCE).data == BLANK


def test_a_zip_can_not_hurt(folder, monkeypatch):
    put(folder, **{"all.zip": packed({NAME: b" " * (MAX_BYTES + 1)})})
    assert "larger than 30 MB" in read_hand_in(folder, SOURCE).problems[-1]
    put(folder, **{"all.zip": packed({f"{i}.txt": b"" for i in range(handins.MAX_MEMBERS + 1)})})
    assert "more than 1000 files" in read_hand_in(folder, SOURCE).problems[-1]
    link = zipfile.ZipInfo(NAME)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    put(folder, **{"all.zip": packed({link: b"/etc/passwd"})})
    assert "is a link" in read_hand_in(folder, SOURCE).problems[-1]
    whole = packed({NAME: DONE})
    for cut in range(0, len(whole), 97):  # damaged at every place: a reason, never an error
        put(folder, **{"all.zip": whole[:cut] + b"\xff\x00" + whole[cut + 2 :]})
        found = read_hand_in(folder, SOURCE)
        assert found.data == DONE or found.look or found.problems
    put(
        folder,
        **{"all.zip": whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")},
    )
    assert "can not be unpacked" in " ".join(read_hand_in(folder, SOURCE).problems)  # it claims to be encrypted
    assert sorted(os.listdir(folder.parent)) == [toy.NAME]


def test_beside_the_folder_or_deeper(folder):
    student = folder.parent
    put(student, **{NAME: DONE, "a0_toy_extra.ipynb": OTHER, "other.ipynb": OTHER})
    (student / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    for _ in range(2):  # with an empty folder, then without one
        found = read_hand_in(folder, SOURCE)
        assert found.data == DONE and found.timestamp and found.name == NAME
        assert found.problems == [f"{NAME} lies outside of the folder {toy.NAME}"] and found.look == []
        if folder.exists():
            folder.rmdir()
    (student / NAME).rename(student / SECOND)
    assert read_hand_in(folder, SOURCE).data == DONE
    (folder / "unpacked").mkdir(parents=True)
    put(folder / "unpacked", **{NAME: OTHER})
    (student / SECOND).unlink()
    found = read_hand_in(folder, SOURCE)
    assert found.data == OTHER and "there are folders" in found.problems[0]
    assert found.name == f"{toy.NAME}/unpacked/{NAME}"


def test_never_through_a_link(folder, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(DONE)
    (folder / NAME).symlink_to(secret)
    found = read_hand_in(folder, SOURCE)
    assert found.data is None and "it is a link" in found.problems[0] and found.look
    (folder / NAME).unlink()
    (folder.parent / NAME).symlink_to(secret)
    (folder / "deeper").symlink_to(tmp_path)
    assert read_hand_in(folder, SOURCE).data is None
    put(folder, **{NAME: BLANK})
    (folder / SECOND).symlink_to(secret)
    assert read_hand_in(folder, SOURCE).data == BLANK


def test_files_that_the_assignment_asks_for(folder, tmp_path):
    source = toy.source()
    source.metadata["convnets"] = {"files": {"weights.safetensors": 0.001, "small.txt": 1}}
    put(folder, **{NAME: DONE, "weights.safetensors": b"w" * 1048, "unasked.bin": b"x"})
    found = read_hand_in(folder, source)
    assert found.files == {"weights.safetensors": b"w" * 1048}
    asked = "the file small.txt that belongs to this hand-in was not taken in: it is not there"
    assert found.problems == [asked]
    basis = found.basis()
    put(folder, **{"weights.safetensors": b"v" * 1048})
    assert read_hand_in(folder, source).basis() != basis
    put(folder, **{"weights.safetensors": b"w" * 1049})
    assert "it is larger than 0.001 MB" in read_hand_in(folder, source).problems[0]
    (folder / "weights.safetensors").unlink()
    (tmp_path / "secret").write_text("x")
    (folder / "weights.safetensors").symlink_to(tmp_path / "secret")
    assert "it is a link" in read_hand_in(folder, source).problems[0]
    (folder / NAME).unlink()
    (folder / "weights.safetensors").unlink()
    put(folder, **{"a.zip": packed({NAME: DONE, "x/small.txt": b"s"})})
    assert read_hand_in(folder, source).files == {"small.txt": b"s"}


ODD = [
    b"it's",
    b'"quoted"',
    b"a+b, (c); d=e & f!",
    b"bo[1]*?",
    "Zoë Müller 李".encode(),
    b"x" * 255,
    b"\x1b[2J\x07red",
    b"\x1b" * 120,
    b"caf\xe9",
    b"\\xe9",
    b"new\nline",
    b" ada ",
    b"ada.",
    b".ada",
    b"-rf",
    b"%s {x} $HOME `id`",
    "a\u202eb".encode(),
]


def test_every_name_becomes_an_id_that_can_be_shown_stored_and_found_again(tmp_path):
    course = toy.make_course(tmp_path)
    course.submitted.mkdir()
    for name in ODD:
        place = os.fsencode(course.submitted) + b"/" + name
        os.mkdir(place)
        Path(os.fsdecode(place), toy.NAME).mkdir()
    ids = hand_ins(course, toy.NAME)
    assert len(set(ids)) == len(ODD)
    for student in ids:
        assert student.isprintable() and 0 < len(student.encode()) <= 255 and student == student.strip(" .")
        folder = hand_in_folder(course, student, toy.NAME)
        assert folder.is_dir() and student_id(folder.parent.name) == student
    plain = {"it's", '"quoted"', "a+b, (c); d=e & f!", "bo[1]*?", "Zoë Müller 李", "x" * 255, "-rf"}
    assert plain < set(ids)
    assert {r"caf\xe9", r"\x5cxe9", r"\x1b[2J\x07red", r"new\x0aline", r"\x20ada\x20", r"\x2eada"} < set(ids)
    assert hand_in_folder(course, "nobody", toy.NAME) == course.submitted / "nobody" / toy.NAME


def test_who_handed_nothing_in(tmp_path):
    course = toy.make_course(tmp_path)
    toy.hand_in(course, "ada", DONE)
    (course.submitted / "bo" / toy.NAME).mkdir(parents=True)
    (course.submitted / "cy" / "another").mkdir(parents=True)
    (course.submitted / "di").mkdir()
    (course.submitted / "di" / NAME).write_bytes(DONE)
    (course.submitted / ".ipynb_checkpoints").mkdir()
    (course.submitted / "list.txt").write_text("x")
    assert hand_ins(course, toy.NAME) == ["ada", "bo", "di"]
    assert without_hand_in(course, toy.NAME) == ["bo", "cy"]
    with contextlib.suppress(OSError):
        (course.submitted / "bo" / toy.NAME / ".DS_Store").write_text("")
    assert without_hand_in(course, toy.NAME) == ["bo", "cy"]
