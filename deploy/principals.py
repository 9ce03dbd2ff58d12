"""How the gateway and the services know each other's calls."""

from libs.api.principal import PrincipalSigner
from libs.vault.master import MasterKey


def signer_of(master_key: MasterKey) -> PrincipalSigner:
    """What calls between the processes of an installation are signed with."""
    return PrincipalSigner(master_key.derive("principals"))
