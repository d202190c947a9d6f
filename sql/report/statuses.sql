-- Flags of figures in words.
SELECT obs_statuses.code, obs_statuses.label FROM obs_statuses ORDER BY obs_statuses.code;
