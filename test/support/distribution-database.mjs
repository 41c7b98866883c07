// Before each test file of these projects: its databases are made on the distribution's PostgreSQL.
process.env.TEST_DATABASE_URL = process.env.TEST_DISTRIBUTION_URL;
