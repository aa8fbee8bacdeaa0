"""Every error that crosses a module boundary; each answers one question for its caller: retry?

    WetreadError
    ├── Transient                  the same call may succeed later: retry with backoff
    │   ├── ArchiveUnavailable       Orthanc does not answer, or answers 5xx
    │   ├── ModelUnavailable         the endpoint broke off, or is somebody else now
    │   │   └── ModelAway              no endpoint takes calls: nothing was sent, no attempt is burnt
    │   ├── ModelFull                the endpoint is busy: wait, no attempt is burnt
    │   ├── DestinationUnavailable   a destination cannot be reached, or did not take an object now
    │   └── DatabaseUnavailable      the ledger cannot be reached or is locked
    │       └── DiskFull               its disk has no room: nothing new is taken up until it has
    ├── Permanent                  the same call will fail again: a person has to look
    │   ├── ArchiveRefused           wrong password, forbidden, not what we asked for
    │   ├── InstanceUnreadable       the stored file is not DICOM that can be sent on
    │   ├── ModelRefused             the model says that the call breaks the contract
    │   ├── AnswerInvalid            the model's answer breaks the contract
    │   ├── ResultInvalid            the composed object fails its check: never stored
    │   ├── ClassRefused             a destination does not know an object's SOP class
    │   ├── ActRefused               what a person asked for would be wrong; the text says what to do instead
    │   ├── DeclarationInvalid       a model.yaml that cannot be accepted, with line and key
    │   └── SettingsInvalid          a site file that cannot be accepted, with line and key
    ├── Gone                       what we were asked about is no longer in Orthanc
    └── Cancelled                  somebody asked to stop

Foreign errors (requests, grpc, SQLAlchemy, pydicom) are translated once, at the adapter that
imports their library, `from` the original. Texts never hold a patient's data: they name jobs,
hashes, attributes and what to do next.
"""

from __future__ import annotations


class WetreadError(Exception):
    """The root; never raised itself."""


class Transient(WetreadError):
    """The same call may succeed later: retry with backoff."""


class ArchiveUnavailable(Transient):
    """Orthanc does not answer, or answers that it is in trouble."""


class ModelUnavailable(Transient):
    """The endpoint broke off in the middle of a call, or is no longer the model that was asked for."""


class ModelAway(ModelUnavailable):
    """No endpoint takes calls now: nothing was sent; waiting for one burns no attempt."""


class ModelFull(Transient):
    """The endpoint takes no more work now; waiting for it burns no attempt."""


class DatabaseUnavailable(Transient):
    """The ledger cannot be reached, or is locked for too long."""


class DiskFull(DatabaseUnavailable):
    """The ledger's disk has no room; what waits, waits where it is, and goes on when there is room."""


class DestinationUnavailable(Transient):
    """A destination cannot be reached, broke off, or did not take an object this time."""


class Permanent(WetreadError):
    """The same call will fail again: a person has to look."""


class ArchiveRefused(Permanent):
    """Orthanc understood us and said no."""


class InstanceUnreadable(Permanent):
    """The stored file is not DICOM that can be sent on."""


class ModelRefused(Permanent):
    """The model says that the call breaks the contract."""


class AnswerInvalid(Permanent):
    """The model's answer breaks the contract."""


class ResultInvalid(Permanent):
    """The composed object fails its check and is not stored."""


class ClassRefused(Permanent):
    """A destination does not know an object's SOP class."""


class ActRefused(Permanent):
    """What a person asked for would be wrong now."""


class DeclarationInvalid(Permanent):
    """A model.yaml that cannot be accepted."""


class SettingsInvalid(Permanent):
    """A site file that cannot be accepted."""


class Gone(WetreadError):
    """What we were asked about is no longer in Orthanc."""


class Cancelled(WetreadError):
    """Somebody asked to stop."""
