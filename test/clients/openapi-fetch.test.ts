/** The story of a client that openapi-typescript and openapi-fetch make. */
import { storyOf } from './story.ts';
import { openapiFetch, packagesSkip } from './workplace.ts';

storyOf(openapiFetch, packagesSkip);
