"""The lists that the pre-flight goes by, against what the program makes."""

from components.regions import CUSTOM_VISION_REGIONS
from emulator.arm.regions import REGIONS
from emulator.pulumi.azure_native.types import SPECS
from tests.unit.recording import ROOT, Run, minimal_config, stack_config
from validation.preflight import ACTIONS, REGIONAL, RESOURCE_TYPES

NOT_A_RESOURCE = {"azure-native:storage:Blob", "azure-native:resources:ResourceGroup"}
ROLES = {"Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions"}


def arm_type(token: str) -> str:
    namespace, *segments = SPECS[token].path.rsplit("/providers/", 1)[1].split("/")
    return "/".join([namespace, *segments[::2]])


def test_it_asks_for_every_type_that_the_program_makes(run: Run):
    made = {each.type for each in run(minimal_config()).resources if each.type.startswith("azure-native:")}
    types = {arm_type(token) for token in made - NOT_A_RESOURCE}
    assert types == {*RESOURCE_TYPES, *ROLES}
    assert {f"{type_}/write" for type_ in types} <= set(ACTIONS)
    assert set(REGIONAL) <= types


def test_the_table_of_regions_has_azures_names_and_those_of_the_stacks():
    assert CUSTOM_VISION_REGIONS <= REGIONS
    for path in ROOT.glob("Pulumi.*.yaml"):
        assert stack_config(path.name.split(".")[1])["azure-native:location"] in CUSTOM_VISION_REGIONS
