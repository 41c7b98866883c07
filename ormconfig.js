// For TypeORM's migration commands, after `npm run build`, e.g.
//   DATABASE_URL=postgres://… npx typeorm migration:show -d ormconfig.js
// The gateway migrates by itself when it starts (docs/operations.md, "The schema").
import { createDataSource } from './dist/schema/data-source.js';

const url = process.env.DATABASE_URL;
if (!url) throw new Error('DATABASE_URL is not set: the migration commands need a database to work on');

export default createDataSource(url);
