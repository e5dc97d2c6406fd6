"""The radar over branches: who will not merge is known before anybody lands."""

from pathlib import Path

from tests.git.repositories import git
from tests.git.shared_places import shared_place

from coroom.git.command import Git
from coroom.git.radar import BranchRadar, Live, Meeting


def test_of_two_that_will_not_merge_the_later_one_hears_and_only_likely_pairs_are_probed(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path, {"a.txt": b"1\n2\n3\n4\n5\n", "ü.txt": b"u\n"})
    one = Live("one", place.commit({"a.txt": b"one\n2\n3\n4\n5\n"}))
    far = Live("far", place.commit({"other.txt": b""}))
    fits = Live("fits", place.commit({"a.txt": b"1\n2\n3\n4\nfive\n"}))
    two = Live("two", place.commit({"a.txt": b"ONE\n2\n3\n4\n5\n", "ü.txt": b"x\n"}))
    radar, main = BranchRadar(Git(place.work)), place.main()
    assert radar.meetings(main, [one, far, fits, two]) == [Meeting(one, two, ("a.txt",))]
    assert radar.probes == 3
    assert radar.meetings(main, [one, far, fits, two], about="fits") == []
    assert radar.probes == 3


def test_a_rename_and_a_change_under_the_old_name_merge(tmp_path: Path) -> None:
    place = shared_place("own", tmp_path, {"a.txt": b"1\n2\n3\n4\n5\n"})
    git(place.work, "checkout", "--quiet", "--detach", "main")
    git(place.work, "mv", "a.txt", "b.txt")
    git(place.work, "commit", "--quiet", "--message=move")
    moved = Live("moved", git(place.work, "rev-parse", "HEAD"))
    edited = Live("edited", place.commit({"a.txt": b"one\n2\n3\n4\n5\n"}))
    assert BranchRadar(Git(place.work)).meetings(place.main(), [moved, edited]) == []
