/** The story of a client that the Java generator makes (openapi-generator, typescript-fetch). */
import { storyOf } from './story.ts';
import { javaGenerator, javaSkip } from './workplace.ts';

storyOf(javaGenerator, javaSkip);
