int scale(int);
int offset(int);
int report(void) { return (scale(7) + offset(9)) / 3; }
