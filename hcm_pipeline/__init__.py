"""Oracle HCM extracts to Microsoft Entra ID and Active Directory accounts."""
