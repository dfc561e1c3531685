# Makes @COUNT@ inbound rules. Run it on the server of Entra Connect, as a member of ADSyncAdmins.
param([Parameter(Mandatory)][string]$Forest, [switch]$Apply)
$ErrorActionPreference = 'Stop'
Import-Module ADSync
$connector = Get-ADSyncConnector | Where-Object { $_.Name -eq $Forest -and $_.Type -eq 'AD' }
if (-not $connector) { throw "There is no Active Directory connector named $Forest." }
function Add-Rule([string]$Name, [int]$Precedence, [hashtable]$Flow) {
    if (Get-ADSyncRule | Where-Object { $_.Name -eq $Name }) { Write-Host "$Name is there."; return }
    if (-not $Apply) { Write-Host "$Name would be made with precedence $Precedence; run it with -Apply."; return }
    $new = @{
        Name = $Name; Identifier = [guid]::NewGuid(); Direction = 'Inbound'; Precedence = $Precedence; SourceObjectType = 'user'
        TargetObjectType = 'person'; Connector = $connector.Identifier; LinkType = 'Join'; SoftDeleteExpiryInterval = 0
    }
    New-ADSyncRule @new -OutVariable syncRule | Out-Null
    Add-ADSyncAttributeFlowMapping -SynchronizationRule $syncRule[0] @Flow -ValueMergeType 'Update' -OutVariable syncRule | Out-Null
    Add-ADSyncRule -SynchronizationRule $syncRule[0] | Out-Null
    Write-Host "$Name made."
}
$scheduled = (Get-ADSyncScheduler).SyncCycleEnabled
if ($Apply) { Set-ADSyncScheduler -SyncCycleEnabled $false }
try {
@ROWS@} finally {
    if ($Apply) { Set-ADSyncScheduler -SyncCycleEnabled $scheduled }
}
if ($Apply) { Start-ADSyncSyncCycle -PolicyType Initial }
