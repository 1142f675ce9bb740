/** Loaded before each test file with CI=true: properties try the same values in each run, so none fails by chance. */
import fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
