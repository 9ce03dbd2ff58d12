import base64
import copy
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from libs.vault.master import MasterKey, UnusableMasterKey, from_environment, from_file, from_file_or_new, from_text

SECRET = bytes(range(200, 232))
PINNED = "103919186d973d3593373c12f5cf4f8369f12d7d1240bcf08ad7f8b3e0fc0dd4"


class TestDerivation:
    def test_the_same_purpose_gives_the_same_secret_and_another_purpose_another(self) -> None:
        assert MasterKey(SECRET).derive("wrapping") == MasterKey(SECRET).derive("wrapping")
        assert MasterKey(SECRET).derive("wrapping") != MasterKey(SECRET).derive("audit-anchor")
        assert MasterKey(SECRET).derive("wrapping") != MasterKey(bytes(32)).derive("wrapping")

    def test_the_derivation_never_changes_between_releases(self) -> None:
        """Were it to change, everything wrapped before would be lost."""
        assert MasterKey(bytes(32)).derive("wrapping").hex() == PINNED

    def test_the_length_is_what_was_asked_for(self) -> None:
        assert len(MasterKey(SECRET).derive("cursor", 48)) == 48


class TestSecrecy:
    def test_no_printed_form_contains_the_secret(self) -> None:
        key = MasterKey(SECRET)
        for shown in (repr(key), str(key), f"{key}"):
            assert SECRET.hex() not in shown
            assert repr(SECRET) not in shown
            assert base64.b64encode(SECRET).decode() not in shown
            assert key.id in shown

    def test_it_is_never_serialised(self) -> None:
        for act in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                act(MasterKey(SECRET))


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            SECRET.hex(),
            SECRET.hex().upper(),
            base64.b64encode(SECRET).decode(),
            base64.b64encode(SECRET).decode().rstrip("="),
            base64.urlsafe_b64encode(SECRET).decode(),
            f"  {base64.b64encode(SECRET).decode()}\n",
        ],
    )
    def test_hexadecimal_and_both_base64_alphabets_mean_the_same_key(self, text: str) -> None:
        assert from_text(text).id == MasterKey(SECRET).id

    @pytest.mark.parametrize(
        "text", ["", "secret", "not base64!", SECRET.hex()[:-2], base64.b64encode(SECRET * 2).decode()]
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(UnusableMasterKey):
            from_text(text)

    def test_the_refusal_does_not_repeat_the_text(self) -> None:
        text = SECRET.hex() + "zz"
        with pytest.raises(UnusableMasterKey) as caught:
            from_text(text)
        assert text not in str(caught.value)

    def test_the_environment_variable_is_named_when_it_is_missing(self) -> None:
        with pytest.raises(UnusableMasterKey, match="SALESBOOTH_MASTER_KEY"):
            from_environment({"SALESBOOTH_MASTER_KEY": " "})
        assert from_environment({"SALESBOOTH_MASTER_KEY": SECRET.hex()}).id == MasterKey(SECRET).id


class TestFile:
    @pytest.mark.parametrize("mode", [0o600, 0o400])
    def test_a_private_file_is_read(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "master.key"
        path.write_text(SECRET.hex() + "\n")
        path.chmod(mode)
        assert from_file(path).id == MasterKey(SECRET).id

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660])
    def test_a_file_that_others_may_touch_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "master.key"
        path.write_text(SECRET.hex())
        path.chmod(mode)
        with pytest.raises(UnusableMasterKey, match="chmod 600"):
            from_file(path)

    def test_an_absent_file_and_a_folder_are_refused_by_name(self, tmp_path: Path) -> None:
        for path in (tmp_path / "absent", tmp_path):
            with pytest.raises(UnusableMasterKey, match=str(path)):
                from_file(path)

    def test_a_new_file_is_private_and_gives_the_same_key_again(self, tmp_path: Path) -> None:
        path = tmp_path / "home" / "master.key"
        made = from_file_or_new(path)
        assert from_file_or_new(path).id == made.id
        assert path.stat().st_mode & 0o777 == 0o600
        assert os.listdir(path.parent) == ["master.key"]

    def test_many_that_start_at_once_end_with_one_key(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: from_file_or_new(tmp_path / "master.key").id, range(32)))
        assert len(found) == 1
        assert os.listdir(tmp_path) == ["master.key"]
