"""Questions over the ledger, as SQL that every engine understands but for a few words."""
