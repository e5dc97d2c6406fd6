static volatile int large = 8209;

int offset(int value) { return value == 9 ? large - 8194 : 0; }
