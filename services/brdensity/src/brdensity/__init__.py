"""BI-RADS breast density from the four standard mammography views, served to Wetread."""
