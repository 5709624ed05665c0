/** The story of a client that @hey-api/openapi-ts makes. */
import { storyOf } from './story.ts';
import { heyApi, packagesSkip } from './workplace.ts';

storyOf(heyApi, packagesSkip);
