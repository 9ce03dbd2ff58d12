import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from libs.vault.envelope import Key, Place, Undecipherable, decrypt, encrypt, key_version

KEY = Key(3, bytes(range(32)))
PLACE = Place("tenant_a", "customers.email")


class TestEnvelope:
    @given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20), st.integers(1, 2**32 - 1))
    def test_what_goes_in_comes_out(self, plain: bytes, tenant: str, purpose: str, version: int) -> None:
        key, place = Key(version, KEY.secret), Place(tenant, purpose)
        blob = encrypt(key, place, plain)
        assert decrypt(key, place, blob) == plain
        assert key_version(blob) == version
        assert len(blob) == len(plain) + 33

    def test_equal_texts_look_different(self) -> None:
        assert len({encrypt(KEY, PLACE, b"ada") for _ in range(100)}) == 100

    def test_the_stored_form_is_documented_well_enough_to_be_read_without_us(self) -> None:
        blob = encrypt(KEY, PLACE, b"ada")
        assert blob[:5] == b"\x01\x00\x00\x00\x03"
        bound = blob[:5] + b"\x00\x00\x00\x08\x00\x00\x00\x0ftenant_acustomers.email"
        assert AESGCM(KEY.secret).decrypt(blob[5:17], blob[17:], bound) == b"ada"

    @pytest.mark.parametrize("position", range(36))
    def test_no_changed_byte_goes_unnoticed(self, position: int) -> None:
        blob = bytearray(encrypt(KEY, PLACE, b"ada"))
        blob[position] ^= 1
        with pytest.raises(Undecipherable):
            decrypt(KEY, PLACE, bytes(blob))

    @pytest.mark.parametrize("length", range(36))
    def test_a_shortened_value_is_refused(self, length: int) -> None:
        with pytest.raises(Undecipherable):
            decrypt(KEY, PLACE, encrypt(KEY, PLACE, b"ada")[:length])

    @pytest.mark.parametrize(
        ("key", "place"),
        [
            (KEY, Place("tenant_b", "customers.email")),
            (KEY, Place("tenant_a", "customers.phone")),
            (KEY, Place("tenant_ac", "ustomers.email")),
            (Key(4, KEY.secret), PLACE),
            (Key(3, bytes(32)), PLACE),
        ],
    )
    def test_a_value_opens_only_in_its_own_place_under_its_own_key(self, key: Key, place: Place) -> None:
        blob = encrypt(KEY, PLACE, b"ada")
        with pytest.raises(Undecipherable) as caught:
            decrypt(key, place, blob)
        assert "ada" not in str(caught.value)

    def test_a_key_hides_its_secret(self) -> None:
        assert repr(KEY) == "Key(version=3)"
