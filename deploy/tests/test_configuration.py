from pathlib import Path

import pytest

from deploy import addresses
from deploy.configuration import Misconfigured, database_url, own_master_key, read_master_key, read_settings, require
from deploy.first_workspace import database_id
from deploy.home import Home
from libs.service.settings import Settings
from libs.vault.master import UnusableMasterKey, from_text

SHARED = read_settings(Settings).model_copy(update={"database_url": "postgresql://server/shared", "amqp_url": ""})


class TestDatabaseOfAService:
    def test_is_the_shared_one_unless_it_has_one_of_its_own(self) -> None:
        environment = {"DATABASE_URL_DEALS": "postgresql://other/deals"}
        assert database_url(SHARED, "deals", environment) == "postgresql://other/deals"
        assert database_url(SHARED, "catalog", environment) == "postgresql://server/shared"

    def test_is_known_by_its_place_and_not_by_its_password(self) -> None:
        assert database_id("postgresql://a:one@server/shared") == database_id("postgresql://a:two@server:5432/shared")
        assert database_id("postgresql://server/shared") != database_id("postgresql://server/other")


class TestRequired:
    def test_settings_are_named_when_they_are_missing(self) -> None:
        with pytest.raises(Misconfigured, match="Set AMQP_URL:"):
            require(SHARED, "database_url", "amqp_url")


class TestMasterKey:
    KEY = "ab" * 32

    def test_comes_from_the_file_that_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text(self.KEY)
        file.chmod(0o600)
        assert read_master_key({"SALESBOOTH_MASTER_KEY_FILE": str(file)}).id == from_text(self.KEY).id

    def test_in_a_file_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text(self.KEY)
        file.chmod(0o644)
        with pytest.raises(UnusableMasterKey, match="chmod 600"):
            read_master_key({"SALESBOOTH_MASTER_KEY_FILE": str(file)})

    def test_comes_from_the_environment_otherwise(self) -> None:
        assert read_master_key({"SALESBOOTH_MASTER_KEY": self.KEY}).id == from_text(self.KEY).id

    def test_is_demanded(self) -> None:
        with pytest.raises(UnusableMasterKey, match="SALESBOOTH_MASTER_KEY"):
            read_master_key({})


class TestAddresses:
    def test_are_read_as_they_were_written(self) -> None:
        places = {"identity": ("http://a:1", "http://b:2"), "deals": ("http://c:3",)}
        assert addresses.read({"SALESBOOTH_SERVICES": addresses.written(places)}) == places

    @pytest.mark.parametrize("text", ["", " , ", "identity", "identity=", "=http://a:1"])
    def test_that_nobody_could_use_are_refused(self, text: str) -> None:
        with pytest.raises(Misconfigured, match="SALESBOOTH_SERVICES"):
            addresses.read({"SALESBOOTH_SERVICES": text})


class TestOwnMasterKey:
    KEY = "cd" * 32

    def test_is_made_once_and_kept(self, tmp_path: Path) -> None:
        home = Home.open({"SALESBOOTH_HOME": str(tmp_path / "home")})
        assert own_master_key(home, {}).id == own_master_key(home, {}).id
        assert home.master_key.exists()

    def test_gives_way_to_the_one_of_the_environment(self, tmp_path: Path) -> None:
        home = Home.open({"SALESBOOTH_HOME": str(tmp_path / "home")})
        assert own_master_key(home, {"SALESBOOTH_MASTER_KEY": self.KEY}).id == from_text(self.KEY).id
        assert not home.master_key.exists()
