-- A profile without a number had no licence to claim.
DELETE FROM licenses WHERE status = 'PENDING' AND number_key = '';
