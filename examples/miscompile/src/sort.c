void sort(int *numbers, int count) {
  for (int i = 1; i < count; i++)
    for (int j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
      int kept = numbers[j];
      numbers[j] = numbers[j - 1];
      numbers[j - 1] = kept;
    }
}
