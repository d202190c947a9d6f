-- What is read out of the texts of staged rows, before anything refers to it: temporary tables that pipelines/warehouse.py fills.

CREATE TEMP TABLE staged_periods (time_period VARCHAR, period_start DATE, period_end DATE);

CREATE TEMP TABLE staged_editions (published_on VARCHAR, published_by DATE);
