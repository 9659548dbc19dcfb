/* Many datagrams a system call; usual queries are answered where they lie.
 *
 * The hot path of udp.py, which does the same without this where it was not built.
 * What an answer is made of is decided in Python: this knows of DNS only that the id
 * is in front, and of a ready answer what ready.py says of it.
 */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <netinet/in.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum {
  BATCH = 64,
  SLOT = 4096, /* octets; what is longer is cut */
  ID = 2,
  HEADER = 12,
  READY_HEAD = 16, /* ready.py */
  LONGEST_USUAL = HEADER + 255 + 4 + 11, /* one question, one OPT without options */
};

struct slot {
  unsigned char packet[SLOT];
  struct sockaddr_in6 peer; /* the larger of the two families */
  alignas(struct cmsghdr) unsigned char note[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct batch {
  struct mmsghdr headers[BATCH];
  struct iovec pieces[BATCH];
  struct slot slots[BATCH];
};

static void make_ready(struct batch *batch) {
  for (int at = 0; at < BATCH; at++) {
    struct slot *slot = &batch->slots[at];
    batch->pieces[at] = (struct iovec){.iov_base = slot->packet, .iov_len = SLOT};
    batch->headers[at].msg_hdr = (struct msghdr){
        .msg_name = &slot->peer,
        .msg_namelen = sizeof slot->peer,
        .msg_iov = &batch->pieces[at],
        .msg_iovlen = 1,
        .msg_control = slot->note,
        .msg_controllen = sizeof slot->note,
    };
  }
}

/* The note that says which address was asked, if the socket tells. */
static unsigned char *find_note(struct msghdr *message, size_t *size) {
  struct cmsghdr *note = CMSG_FIRSTHDR(message);

  *size = 0;
  if (note == NULL || note->cmsg_len < CMSG_LEN(0))
    return NULL;
  *size = note->cmsg_len - CMSG_LEN(0);
  return CMSG_DATA(note);
}

/* The interface is left to the routes: the way back may be another one. */
static void forget_interface(struct msghdr *message) {
  size_t size;
  unsigned char *note = find_note(message, &size);

  if (size == sizeof(struct in6_pktinfo))
    ((struct in6_pktinfo *)note)->ipi6_ifindex = 0;
  else if (size == sizeof(struct in_pktinfo))
    ((struct in_pktinfo *)note)->ipi_ifindex = 0;
}

/* Looks for the packet but its id, in lower case as bytes.lower() has it. */
static PyObject *find(PyObject *ready, const unsigned char *packet, size_t size) {
  char lower[LONGEST_USUAL];
  PyObject *key, *found;

  for (size_t at = ID; at < size; at++) {
    unsigned char octet = packet[at];
    lower[at - ID] = (char)(octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet);
  }
  key = PyBytes_FromStringAndSize(lower, (Py_ssize_t)size - ID);
  if (key == NULL)
    return NULL;
  found = PyDict_GetItemWithError(ready, key);
  Py_XINCREF(found);
  Py_DECREF(key);
  return found;
}

/* Writes the next order around the question; the size of all, or 0: it does not fit. */
static size_t write_order(unsigned char *packet, size_t size, PyObject *ready) {
  unsigned char *in = (unsigned char *)PyByteArray_AsString(ready);
  size_t given = (size_t)PyByteArray_Size(ready);
  size_t turn, turns, end, rest;

  if (given < READY_HEAD)
    return 0;
  turn = in[0], turns = in[1];
  end = (size_t)in[2] << 8 | in[3], rest = (size_t)in[4] << 8 | in[5];
  if (turn >= turns || end < HEADER || end > size || end + rest > SLOT ||
      READY_HEAD + turns * rest > given)
    return 0;
  in[0] = (unsigned char)(turn + 1 < turns ? turn + 1 : 0);
  memcpy(packet + ID, in + 6, HEADER - ID);
  memcpy(packet + end, in + READY_HEAD + turn * rest, rest);
  return end + rest;
}

/* 1: answered where it lies; 0: this is for others; -1: an error is set. */
static int answer(PyObject *ready, struct mmsghdr *header) {
  struct iovec *piece = header->msg_hdr.msg_iov;
  size_t size = header->msg_len, whole = 0;
  PyObject *found;

  if (size < HEADER || size > LONGEST_USUAL)
    return 0;
  found = find(ready, piece->iov_base, size);
  if (found == NULL)
    return PyErr_Occurred() ? -1 : 0;
  if (PyByteArray_Check(found))
    whole = write_order(piece->iov_base, size, found);
  Py_DECREF(found);
  if (whole)
    piece->iov_len = whole;
  return whole > 0;
}

static int hand_over(PyObject *other, struct mmsghdr *header) {
  struct msghdr *message = &header->msg_hdr;
  size_t size;
  unsigned char *note = find_note(message, &size);
  PyObject *done = PyObject_CallFunction(
      other, "y#y#y#", message->msg_iov->iov_base, (Py_ssize_t)header->msg_len,
      message->msg_name, (Py_ssize_t)message->msg_namelen, note ? note : (void *)"",
      (Py_ssize_t)size);

  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

/* What cannot be sent is not: who misses an answer asks again. */
static void send_all(int fd, struct mmsghdr *headers, int count) {
  for (int at = 0; at < count;) {
    int sent = sendmmsg(fd, headers + at, (unsigned)(count - at), MSG_DONTWAIT);
    at += sent > 0 ? sent : 1;
  }
}

static struct batch *as_batch(Py_buffer *room) {
  if (room->len < (Py_ssize_t)sizeof(struct batch) ||
      (uintptr_t)room->buf % alignof(struct batch)) {
    PyErr_SetString(PyExc_ValueError, "no room for a batch");
    return NULL;
  }
  return room->buf;
}

/* Answers what was received; how many, or -1. They stand first then. */
static int answer_all(struct batch *batch, int count, PyObject *ready, PyObject *other) {
  int usual = 0;

  for (int at = 0; at < count; at++) {
    struct mmsghdr *header = &batch->headers[at];
    int is_answered = answer(ready, header);
    if (is_answered < 0 || (!is_answered && hand_over(other, header) < 0))
      return -1;
    if (is_answered) {
      forget_interface(&header->msg_hdr);
      batch->headers[usual++] = *header;
    }
  }
  return usual;
}

static PyObject *drain(PyObject *module, PyObject *args) {
  int fd, count, usual = -1;
  Py_buffer room;
  PyObject *ready, *other;
  struct batch *batch;

  (void)module;
  if (!PyArg_ParseTuple(args, "iw*OO", &fd, &room, &ready, &other))
    return NULL;
  batch = as_batch(&room);
  if (batch != NULL) {
    make_ready(batch);
    Py_BEGIN_ALLOW_THREADS
    count = recvmmsg(fd, batch->headers, BATCH, MSG_DONTWAIT, NULL);
    Py_END_ALLOW_THREADS
    usual = answer_all(batch, count, ready, other);
  }
  if (usual > 0) {
    Py_BEGIN_ALLOW_THREADS
    send_all(fd, batch->headers, usual);
    Py_END_ALLOW_THREADS
  }
  PyBuffer_Release(&room);
  return usual < 0 ? NULL : PyLong_FromLong(usual);
}

static PyMethodDef methods[] = {
    {"drain", drain, METH_VARARGS,
     "drain(fd, room, ready, other, /)\n--\n\nAnswer what waits; how many were usual."},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module) {
  return PyModule_AddIntConstant(module, "ROOM", sizeof(struct batch)) |
         PyModule_AddIntConstant(module, "BATCH", BATCH);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_drain",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__drain(void) { return PyModuleDef_Init(&definition); }
