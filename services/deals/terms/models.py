"""What is said about terms."""

from typing import Any

from libs.api.fields import Input, Object, Output


class NewTerms(Input):
    """The body of `deals.set_terms`."""

    terms: Object


class TermsView(Output):
    """`data` of `deals.terms`: the schema version stands beside the terms."""

    deal_id: str
    terms_schema_version: str
    terms: dict[str, Any]
