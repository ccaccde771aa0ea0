"""What an operation did, in a sentence, for histories and receipts."""

from invoices.models import Operation
from invoices.sync.states import OperationKind, OperationState

K, S = OperationKind, OperationState

DONE = {
    K.CREATE: "Posted as Addition {number}",
    K.UPDATE: "Addition {number} updated",
    K.END: "Addition {number} ended on {end}",
    K.DELETE: "Addition {number} removed",
    K.CREATE_AGREEMENT: "Agreement made",
    K.UPDATE_AGREEMENT: "Agreement's billing start moved",
}
TAKEN_BACK = {
    K.CREATE: "Taken back: made again as Addition {number}",
    K.UPDATE: "Taken back: Addition {number} got its values before back",
    K.END: "Taken back: Addition {number}, which was invoiced, ended on {end}",
    K.DELETE: "Taken back: Addition {number} removed",
}
# What it would have done, where it didn't.
WANTED = {
    K.CREATE: "a new Addition to be made",
    K.UPDATE: "Addition {number} to be updated",
    K.END: "Addition {number} to be ended on {end}",
    K.DELETE: "Addition {number} to be removed",
    K.CREATE_AGREEMENT: "agreement to be made",
    K.UPDATE_AGREEMENT: "agreement to bill earlier",
}
NOT_DONE = {
    S.PLANNED: "Waiting",
    S.CLAIMED: "Being sent",
    S.UNKNOWN: "Sent, not confirmed yet",
    S.FAILED: "Failed",
    S.REFUSED: "Not sent",
    S.SKIPPED: "Skipped",
    S.WITHDRAWN: "Not sent, the run was stopped",
}


def event_title(one: Operation) -> str:
    """ "Addition 12 updated", "Not sent: a new Addition to be made"."""
    kind, state = OperationKind(one.kind), OperationState(one.state)
    if state != S.DONE:
        return _filled(f"{NOT_DONE[state]}: {WANTED[kind]}", one)
    if one.undoes_id:
        if _reopens(one):
            return _filled("Taken back: Addition {number} runs on", one)
        if kind == K.END and one.before == one.after:
            return _filled("Taken back with the rest of Addition {number}", one)
        return _filled(TAKEN_BACK[kind], one)
    if kind == K.UPDATE and not one.times_sent:
        return _filled("Addition {number} said so already", one)
    if kind == K.CREATE and not one.times_sent:
        return _filled("Addition {number} was found and taken up", one)
    return _filled(DONE[kind], one)


def wanted_title(one: Operation) -> str:
    """ "Addition 12 to be updated": of a preview."""
    words = _filled(WANTED[OperationKind(one.kind)], one)
    return words[0].upper() + words[1:]


def step_words(one: Operation) -> str:
    """How the line came to stand on its Addition."""
    if one.times_sent:
        return "" if one.times_sent == 1 else f"It was sent {one.times_sent} times and stands once."
    if one.kind == K.CREATE:
        return "It stood in ConnectWise under our reference already and was taken up; nothing was sent."
    return "ConnectWise said so already; nothing was sent."


def _reopens(one: Operation) -> bool:
    return one.kind == K.UPDATE and one.undoes is not None and one.undoes.kind == K.END


def _filled(words: str, one: Operation) -> str:
    end = (one.after or {}).get("cancelled_date") or "its last day"
    return words.format(number=one.addition_id or "", end=end).replace("  ", " ")
