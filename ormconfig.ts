import { createDataSource } from './src/schema/data-source.js';

// For TypeORM's migration commands, e.g.
//   DATABASE_URL=postgres://… npx typeorm migration:show -d dist/…  (see docs/operations.md)
// The gateway migrates by itself when it starts.
const url = process.env.DATABASE_URL;
if (!url) throw new Error('DATABASE_URL is not set: the migration commands need a database to work on');

export default createDataSource(url);
