"""Microsoft.Authorization: custom roles and role assignments, at any scope."""

from emulator.pulumi.azure_native.schema import Added, spec

SPECS = (
    spec(
        "authorization:RoleAssignment",
        "2022-04-01",
        "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        "roleAssignmentName",
        required=("principalId", "roleDefinitionId", "scope"),
        properties=(
            "condition",
            "conditionVersion",
            "delegatedManagedIdentityResourceId",
            "description",
            "principalId",
            "principalType",
            "roleDefinitionId",
        ),
        outputs=("createdBy", "createdOn", "scope", "updatedBy", "updatedOn"),
        # ARM answers RoleAssignmentUpdateNotPermitted when who, what or where changes.
        replaces=("delegatedManagedIdentityResourceId", "principalId", "principalType", "roleDefinitionId"),
        auto_name="uuid",
    ),
    spec(
        "authorization:RoleDefinition",
        "2022-05-01-preview",
        "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
        "roleDefinitionId",
        required=("scope",),
        properties=("assignableScopes", "description", "permissions", "roleName"),
        renamed={"roleType": "type"},
        added={("permissions", "*"): Added(("condition", "conditionVersion"))},
        outputs=("createdBy", "createdOn", "updatedBy", "updatedOn"),
        auto_name="uuid",
    ),
)
