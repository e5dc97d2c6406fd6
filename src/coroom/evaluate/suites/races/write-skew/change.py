"""What deciding makes of one's own module, given those of the others as they stand."""


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    mine = texts[f"oncall/{unit}.py"]
    others = any("ON_CALL = True" in text for path, text in texts.items() if path != f"oncall/{unit}.py" and path.startswith("oncall/"))
    wanted = f'"""Whether {unit} is on call."""\n\nON_CALL = {not others}\nDECIDED = True\n'
    # Off call with nobody else on it was decided on what is no longer so.
    settled = "DECIDED = True" in mine and ("ON_CALL = True" in mine or others)
    return {} if settled else {f"oncall/{unit}.py": wanted}
