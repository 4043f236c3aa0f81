from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from emulator.demo.images import ImagesError, LabelledImage, read_folder, split, write_bad_uploads, write_digits


def labelled(**counts: int) -> list[LabelledImage]:
    return [LabelledImage(label, Path(f"{label}/{i:03}.png")) for label, count in counts.items() for i in range(count)]


def test_the_digits_are_written_as_images_under_their_labels(tmp_path: Path):
    images = write_digits(tmp_path)
    assert len(images) == 1797
    assert {image.label for image in images} == set("0123456789")
    assert {image.path.suffix for image in images} == {".png", ".jpg"}
    for image in images[::100]:
        assert image.path.parent.name == image.label
        with Image.open(image.path) as picture:
            picture.load()


def test_no_image_is_in_two_shares():
    rounds = split(labelled(cat=60, dog=70), minimum=5, first=15, second=30, held_out=10)
    shares = [rounds.first, rounds.second, rounds.held_out]
    assert [len(share) for share in shares] == [30, 60, 20]
    assert len({image.path for share in shares for image in share}) == 110


def test_few_images_are_shared_out_in_proportion():
    rounds = split(labelled(cat=12, dog=12), minimum=5, first=20, second=100, held_out=20)
    assert rounds.first_per_label == 5
    assert len(rounds.first) == 10
    assert len(rounds.held_out) == 2
    assert len(rounds.second) == 12


def test_the_same_images_give_the_same_shares():
    images = labelled(cat=30, dog=30)
    assert split(images, 5, 5, 5, 5) == split(images[::-1], 5, 5, 5, 5)


def test_a_label_with_too_few_images_is_named():
    with pytest.raises(ImagesError, match="label 'dog' has 6 images; the demo needs 7"):
        split(labelled(cat=30, dog=6), 5, 20, 100, 20)


def test_one_label_is_not_enough():
    with pytest.raises(ImagesError, match="two labels"):
        split(labelled(cat=30), 5, 20, 100, 20)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ImagesError, match=r"nowhere: no such folder; it has to hold <label>/<file>"):
        read_folder(tmp_path / "nowhere")


def test_a_folder_without_images_says_what_is_looked_for(tmp_path: Path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("-", encoding="utf-8")
    with pytest.raises(ImagesError, match=r"<label>/<file> with one of the suffixes \.bmp"):
        read_folder(tmp_path)


def test_a_folder_is_read_as_label_and_file(tmp_path: Path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / label / "One.JPG")
    assert read_folder(tmp_path) == [
        LabelledImage("cat", tmp_path / "cat" / "One.JPG"),
        LabelledImage("dog", tmp_path / "dog" / "One.JPG"),
    ]


def test_each_bad_upload_is_bad_in_its_own_way(tmp_path: Path):
    empty, text, rootless, large = write_bad_uploads(tmp_path, "3")
    assert empty.path.stat().st_size == 0
    with pytest.raises(UnidentifiedImageError):
        Image.open(text.path)
    assert "/" not in rootless.name
    assert large.path.stat().st_size == 7 * 1024 * 1024
    with Image.open(large.path) as picture:
        assert picture.size == (64, 64)
