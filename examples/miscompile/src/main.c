#include <stdio.h>
#include <string.h>

unsigned checksum(const unsigned char *, unsigned);
int report(void);
int words(const char *);
int gcd(int, int);
int is_prime(int);
int fibonacci(int);
void sort(int *, int);
int power(int, int);

int main(void) {
  const char *text = "the quick brown fox jumps over the lazy dog, again and again and again";
  int numbers[] = {5, 3, 9, 1, 7};
  printf("%u\n", checksum((const unsigned char *)text, (unsigned)strlen(text)));
  printf("%d\n", report());
  printf("%d %d %d %d\n", words(text), gcd(462, 1071), is_prime(97), fibonacci(20));
  sort(numbers, 5);
  for (int i = 0; i < 5; i++) printf("%d ", numbers[i]);
  printf("%d\n", power(3, 7));
  return 0;
}
