# Adds @COUNT@ mappings to cloud sync. It needs the role Hybrid Identity Administrator.
# $ServicePrincipalId and $JobId: of the job AD2AADProvisioning; see Entra ID > Entra Connect > Cloud sync.
param([Parameter(Mandatory)][string]$ServicePrincipalId, [Parameter(Mandatory)][string]$JobId, [switch]$Apply)
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Scopes 'Synchronization.ReadWrite.All' -NoWelcome
$uri = "https://graph.microsoft.com/v1.0/servicePrincipals/$ServicePrincipalId/synchronization/jobs/$JobId/schema"
$text = Invoke-MgGraphRequest -Method GET -Uri $uri -OutputType Json
Set-Content -Path "cloud-sync-schema-$(Get-Date -Format yyyyMMdd-HHmmss).json" -Value $text -Encoding utf8
$schema = $text | ConvertFrom-Json -Depth 100
$wanted = @'
[
@ROWS@
]
'@ | ConvertFrom-Json -Depth 20
$changes = 0
foreach ($rule in $schema.synchronizationRules) {
    $people = $rule.objectMappings | Where-Object { $_.sourceObjectName -in 'user', 'inetOrgPerson' -and $_.targetObjectName -eq 'User' }
    foreach ($object in $people) {
        foreach ($row in $wanted) {
            $there = $object.attributeMappings | Where-Object { $_.targetAttributeName -eq $row.targetAttributeName }
            if ($there) {
                if ($there.source.expression -ne $row.source.expression) {
                    Write-Warning "$($object.name): $($row.targetAttributeName) takes $($there.source.expression): left as it is"
                }
                continue
            }
            $object.attributeMappings = @($object.attributeMappings) + $row
            $changes++
            Write-Host "$($object.name): $($row.targetAttributeName) takes $($row.source.expression)"
        }
    }
}
if ($changes -eq 0) { Write-Host 'All mappings are there.'; return }
if (-not $Apply) { Write-Host "$changes mappings would be added; run it with -Apply."; return }
$body = $schema | ConvertTo-Json -Depth 100
Invoke-MgGraphRequest -Method PUT -Uri $uri -Body $body -ContentType 'application/json'
Write-Host "$changes mappings added; the next cycle reads everybody."
