#include "blob/blob.h"
