// The embedded store keeps the contract of the journal.
import { contract } from './contract.ts';
import { filePlace } from './file-place.ts';

contract({ skip: false, place: filePlace });
