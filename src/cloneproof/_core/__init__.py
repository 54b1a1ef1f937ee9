"""What every room needs: errors, validation, array types, optional extras, atomic files, progress."""
