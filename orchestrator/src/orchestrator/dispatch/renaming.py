"""A kept answer that speaks of images by the UIDs that they have now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from wetread.v1 import model_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping


def renamed(content: bytes, names: Mapping[str, str]) -> bytes:
    """The answer with each text that is one of these UIDs replaced, wherever a finding names an instance or series."""
    response = model_pb2.PredictResponse.FromString(content)
    _rename(response, names)
    return response.SerializeToString(deterministic=True)


def _rename(message: Message, names: Mapping[str, str]) -> None:
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in (value,) if isinstance(value, Message) else value:
                _rename(one, names)
        elif isinstance(value, str):
            setattr(message, field.name, names.get(value, value))
        elif field.type == FieldDescriptor.TYPE_STRING:
            value[:] = [names.get(one, one) for one in value]
