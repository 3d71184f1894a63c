import pytest
from pydantic import create_model

from api.openapi.schemas import Schemas
from models.errors import DeclarationError


def test_two_schemas_of_one_name_are_refused() -> None:
    schemas = Schemas()
    schemas.json(create_model("Hat", worn=(bool, ...)))
    schemas.json(create_model("Hat", worn=(bool, ...)))
    with pytest.raises(DeclarationError, match="two schemas have the name Hat"):
        schemas.json(create_model("Hat", size=(int, ...)))
