/* build: -static */
/* The smallest program: what an exec costs, and nothing else. */
int main(void) { return 0; }
