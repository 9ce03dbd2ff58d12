import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.vault.cipher import TenantCipher
from libs.vault.envelope import Key, Undecipherable
from libs.vault.words import normalise, words

FIRST, SECOND = Key(1, bytes(32)), Key(2, b"\x02" * 32)
INDEX = b"\x09" * 32


def cipher(active: Key = FIRST, *, tenant_id: str = "tenant_a", index_key: bytes = INDEX) -> TenantCipher:
    keys = {key.version: key for key in (FIRST, SECOND) if key.version <= active.version}
    return TenantCipher(tenant_id, keys, active, index_key)


class TestEncryption:
    @given(st.text())
    def test_any_text_survives(self, text: str) -> None:
        assert cipher().decrypt("name", cipher().encrypt("name", text)) == text

    def test_old_versions_stay_readable_but_are_not_current(self) -> None:
        old, new = cipher(FIRST), cipher(SECOND)
        blob = old.encrypt("name", "Ada")
        assert new.decrypt("name", blob) == "Ada"
        assert (old.is_current(blob), new.is_current(blob)) == (True, False)
        assert new.is_current(new.encrypt("name", "Ada"))

    def test_a_value_of_an_unknown_version_is_undecipherable(self) -> None:
        with pytest.raises(Undecipherable, match="version 2"):
            cipher(FIRST).decrypt("name", cipher(SECOND).encrypt("name", "Ada"))

    def test_fields_and_tenants_do_not_read_each_other(self) -> None:
        blob = cipher().encrypt("name", "Ada")
        with pytest.raises(Undecipherable):
            cipher().decrypt("email", blob)
        with pytest.raises(Undecipherable):
            cipher(tenant_id="tenant_b").decrypt("name", blob)


class TestBlindIndex:
    def test_equal_texts_of_a_field_are_found_whatever_the_data_key(self) -> None:
        assert cipher(FIRST).blind_index("email", "ada@x.org") == cipher(SECOND).blind_index("email", "ada@x.org")
        assert len(cipher().blind_index("email", "ada@x.org")) == 16

    def test_the_field_the_text_and_the_key_all_matter(self) -> None:
        found = {
            cipher().blind_index("email", "ada"),
            cipher().blind_index("name", "ada"),
            cipher().blind_index("email", "adb"),
            cipher().blind_index("emaila", "da"),
            cipher(index_key=bytes(32)).blind_index("email", "ada"),
        }
        assert len(found) == 5

    def test_tokens_are_the_whole_and_each_word_once(self) -> None:
        one = cipher()
        assert one.blind_tokens("name", " Ada  LOVELACE ada") == [
            one.blind_index("name", "ada lovelace ada"),
            one.blind_index("name", "ada"),
            one.blind_index("name", "lovelace"),
        ]
        assert one.blind_tokens("name", "Ada") == [one.blind_index("name", "ada")]
        assert one.blind_tokens("name", " \t ") == []

    def test_every_word_of_a_query_is_found_among_the_tokens_of_the_text(self) -> None:
        tokens = cipher().blind_tokens("name", "Anne-Marie O\u2019Neil, Ph.D.")
        assert {cipher().blind_index("name", word) for word in words("neil ANNE")} <= set(tokens)


class TestWords:
    @pytest.mark.parametrize(
        ("text", "normal"),
        [
            ("Straße", "strasse"),
            ("\uff21\uff24\uff21", "ada"),
            (" A \n B ", "a b"),
            ("e\u0301", "\u00e9"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ],
    )
    def test_case_width_and_spacing_make_no_difference(self, text: str, normal: str) -> None:
        assert normalise(text) == normal

    def test_punctuation_parts_words_and_vowel_signs_do_not(self) -> None:
        assert words("ada@mail.example.org, ada") == ["ada", "mail", "example", "org"]
        assert words("हिन्दी नाम") == ["हिन्दी", "नाम"]

    @given(st.text())
    def test_normalising_twice_changes_nothing_more(self, text: str) -> None:
        assert normalise(normalise(text)) == normalise(text)
